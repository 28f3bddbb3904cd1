// The functions and their derivatives by the names of the functions, for what is told a name.

import { gelu, mish, silu, softplus, swish } from './activations.js';
import { geluBackward, mishBackward, siluBackward, softplusBackward, swishBackward } from './derivatives.js';

export const FUNCTIONS = { gelu, silu, swish, mish, softplus };

export type FunctionName = keyof typeof FUNCTIONS;

export const FUNCTION_NAMES = Object.keys(FUNCTIONS) as readonly FunctionName[];

export const DERIVATIVES = {
  gelu: geluBackward,
  silu: siluBackward,
  swish: swishBackward,
  mish: mishBackward,
  softplus: softplusBackward,
};
