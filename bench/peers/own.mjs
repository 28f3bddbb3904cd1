// This package as one of the contenders, beside what it is compared with: `own.mjs avx512 | avx2 | ... | js`, `plain`
// (the textbook formula over Math.*) or `copy` (TypedArray.prototype.set, which is memcpy).

import { backend, useIsa } from '../../dist/backend.js';
import { setNumThreads } from '../../dist/index.mjs';
import { derivatives, forms, ONE } from '../../test/table.mjs';
import { plain } from '../plain.mjs';
import { serve } from './serve.mjs';

const [contender] = process.argv.slice(2);
const functions = [...forms, ...derivatives];
const names = contender === 'plain' ? Object.keys(plain) : functions.map(({ name }) => name);

function ours({ form: name, dtype, threads, inPlace }, x) {
  setNumThreads(threads);
  const form = functions.find((candidate) => candidate.name === name);
  const options = { dtype, out: inPlace ? x : new x.constructor(x.length) };
  if (form.backward === undefined) return () => form.run(x, options);
  const gradOutput = new x.constructor(x.length).fill(ONE[dtype]);
  return () => form.backward(gradOutput, x, options);
}

const CALLS = {
  plain({ form }, x) {
    const out = new x.constructor(x.length);
    return () => plain[form](x, out);
  },
  copy(_, x) {
    const out = new x.constructor(x.length);
    return () => out.set(x);
  },
};

if (!(contender in CALLS)) useIsa(contender);
await serve({
  describe: () => ({
    name: contender in CALLS ? contender : 'simd-activations',
    version: '',
    note: contender in CALLS ? '' : backend.isa,
    forms: names,
  }),
  call: CALLS[contender] ?? ours,
});
