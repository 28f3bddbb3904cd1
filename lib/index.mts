// For import: the names of the CommonJS module, so that both ways of loading share one state.
export * from './index.js';
