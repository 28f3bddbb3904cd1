// For import, as index.mts.

export type { ActivationName, ActivationStreamOptions } from './stream.js';
export { activation } from './stream.js';
