// For import, as index.mts.

export type { Progress, PromiseOptions } from './promises.js';
export {
  gelu,
  geluBackward,
  mish,
  mishBackward,
  silu,
  siluBackward,
  softplus,
  softplusBackward,
  swish,
  swishBackward,
} from './promises.js';
