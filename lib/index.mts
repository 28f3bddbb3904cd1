// For import: the names of the CommonJS module, so that both ways of loading share one state. (`export *` would add the
// marker __esModule.)

export type { ActivationOptions, Backend, FloatArray, GeluOptions, SoftplusOptions } from './index.js';
export { backend, gelu, getNumThreads, mish, setNumThreads, silu, softplus, swish } from './index.js';
