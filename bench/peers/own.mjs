// This package as one of the contenders, beside what it is compared with: `own.mjs avx512 | avx2 | ... | js`, `plain`
// (the textbook formula over Math.*) or `copy` (TypedArray.prototype.set, which is memcpy).

import { backend, useIsa } from '../../dist/backend.js';
import { setNumThreads } from '../../dist/index.mjs';
import { derivatives, forms, ONE } from '../../test/table.mjs';
import { plain } from '../plain.mjs';
import { serve } from './serve.mjs';

const [contender] = process.argv.slice(2);
const functions = [...forms, ...derivatives];

/** Where results go: nowhere yet, if each call is to allocate. */
function outFor({ inPlace, allocate }, x) {
  if (inPlace) return x;
  return allocate ? undefined : new x.constructor(x.length);
}

const CALLS = {
  ours(request, x) {
    setNumThreads(request.threads);
    const form = functions.find(({ name }) => name === request.form);
    const out = outFor(request, x);
    const options = { dtype: request.dtype, ...(out && { out }) };
    if (form.backward === undefined) return () => form.run(x, options);
    const gradOutput = new x.constructor(x.length).fill(ONE[request.dtype]);
    return () => form.backward(gradOutput, x, options);
  },
  plain(request, x) {
    const out = outFor(request, x);
    const formula = plain[request.form];
    return () => {
      const result = out ?? new x.constructor(x.length);
      formula(x, result);
      return result;
    };
  },
  copy(request, x) {
    const out = outFor(request, x);
    return () => (out === undefined ? x.slice() : out.set(x));
  },
};

const DESCRIPTIONS = {
  plain: { name: 'Math.* loop', note: 'JS', forms: Object.keys(plain), dtypes: ['float32', 'float64'] },
  copy: { name: 'TypedArray.set', note: 'JS', inPlace: 'never', ceiling: true },
};

if (contender in DESCRIPTIONS) {
  await serve({ describe: () => ({ version: '', ...DESCRIPTIONS[contender] }), call: CALLS[contender] });
} else {
  useIsa(contender);
  await serve({
    describe: () => ({
      name: 'simd-activations',
      version: '',
      note: backend.isa,
      forms: functions.map(({ name }) => name),
      threaded: contender !== 'js',
    }),
    call: CALLS.ours,
  });
}
