// A user's code: what has to compile, and, after @ts-expect-error, what must not. Checked by types.mjs, never run.

import {
  type ActivationOptions,
  type Backend,
  backend,
  type FloatArray,
  type GeluOptions,
  gelu,
  getNumThreads,
  mish,
  type SoftplusOptions,
  setNumThreads,
  silu,
  softplus,
  swish,
} from 'simd-activations';

const x = new Float32Array(4);
const wide = new Float64Array(4);

const y: Float32Array = gelu(x);
const z: Float64Array = gelu(wide, { approximate: 'tanh', out: wide });
silu(x, { out: x });
swish(x);
mish(new Float32Array(new SharedArrayBuffer(16)));
softplus(x, { beta: 2, threshold: 20 });

const options: GeluOptions<Float32Array> = { approximate: 'none' };
const plain: ActivationOptions<Float64Array> = {};
const soft: SoftplusOptions<Float32Array> = { beta: 1 };
gelu(x, options);
silu(wide, plain);
softplus(x, soft);

function through<T extends FloatArray>(input: T): T {
  return mish(silu(input));
}
void through(x);

const kind: 'native' | 'js' = backend.kind;
const description: Backend = backend;
const why: string | undefined = description.reason;
const threads: number = getNumThreads();
setNumThreads(threads);
void [y, z, kind, why];

// @ts-expect-error: not an array of floats
gelu([1, 2]);
// @ts-expect-error: no such form
gelu(x, { approximate: 'erf' });
// @ts-expect-error: out is of another type
silu(x, { out: wide });
// @ts-expect-error: read only
backend.kind = 'js';
