/**
 * GELU, Mish, SiLU/Swish and Softplus on typed arrays: the correctly rounded results, from native code where there is a
 * binary for the platform, else from JavaScript.
 *
 * @packageDocumentation
 */

export { gelu, mish, silu, softplus, swish } from './activations.js';
export { type Backend, backend, getNumThreads, setNumThreads } from './backend.js';
export { geluBackward, mishBackward, siluBackward, softplusBackward, swishBackward } from './derivatives.js';
export type {
  ActivationInput,
  ActivationOptions,
  DType,
  Float16ArrayLike,
  FloatArray,
  GeluOptions,
  SoftplusOptions,
  TensorLike,
} from './validate.js';
