// For import, as index.mts.

export type { ModuleOptions } from './nn.js';
export { GELU, Mish, SiLU, Softplus } from './nn.js';
