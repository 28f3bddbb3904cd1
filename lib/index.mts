// For import: the names of the CommonJS module, so that both ways of loading share one state. (`export *` would add the
// marker __esModule.)

export type {
  ActivationInput,
  ActivationOptions,
  Backend,
  DType,
  Float16ArrayLike,
  FloatArray,
  GeluOptions,
  SoftplusOptions,
  TensorLike,
} from './index.js';
export {
  backend,
  gelu,
  geluBackward,
  getNumThreads,
  mish,
  mishBackward,
  setNumThreads,
  silu,
  siluBackward,
  softplus,
  softplusBackward,
  swish,
  swishBackward,
} from './index.js';
