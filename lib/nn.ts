/**
 * The activation functions as torch.nn's modules: constructed with their options, applied by `forward`, printed alike.
 *
 * @packageDocumentation
 */

import { gelu, mish, silu, softplus } from './activations.js';
import { geluBackward, mishBackward, siluBackward, softplusBackward } from './derivatives.js';
import { isTanh, softplusParameters } from './parameters.js';
import { type ActivationInput, type ActivationOptions, boolean, type FloatArray, optionsObject } from './validate.js';

/** A module's call: what else the function takes is the module's. */
export type ModuleOptions<T extends ActivationInput = FloatArray> = ActivationOptions<T>;

abstract class Activation {
  /** The value for each element of `x`. */
  abstract forward<T extends ActivationInput>(x: T, options?: ModuleOptions<T>): T;

  /** `gradOutput` times the derivative at `x`, which is what `forward` was given. */
  abstract backward<T extends ActivationInput>(gradOutput: T, x: T, options?: ModuleOptions<T>): T;

  /** The arguments as PyTorch prints them. */
  protected abstract representation(): string;

  /** As PyTorch prints the module, say `GELU(approximate='tanh')`. */
  toString(): string {
    // Which each class says itself, since bundlers rename them.
    return `${this.constructor.name}(${this.representation()})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** torch.nn.GELU. */
export class GELU extends Activation {
  static override readonly name = 'GELU';

  readonly approximate: 'none' | 'tanh';

  /** @param options - `approximate`: `'none'` (default) or `'tanh'`. */
  constructor(options?: { approximate?: 'none' | 'tanh' | undefined }) {
    super();
    this.approximate = isTanh(optionsObject(options).approximate) ? 'tanh' : 'none';
  }

  forward<T extends ActivationInput>(x: T, options?: ModuleOptions<T>): T {
    const { out, dtype } = optionsObject(options);
    return gelu(x, { approximate: this.approximate, out, dtype });
  }

  backward<T extends ActivationInput>(gradOutput: T, x: T, options?: ModuleOptions<T>): T {
    const { out, dtype } = optionsObject(options);
    return geluBackward(gradOutput, x, { approximate: this.approximate, out, dtype });
  }

  protected representation(): string {
    return `approximate='${this.approximate}'`;
  }
}

/** The modules that PyTorch gives the option `inplace`. */
abstract class InPlaceActivation extends Activation {
  readonly inplace: boolean;

  /** @param options - `inplace`: whether `forward` writes to `x` unless it is given `out`. Default false. */
  constructor(options?: { inplace?: boolean | undefined }) {
    super();
    const { inplace } = optionsObject(options);
    this.inplace = inplace === undefined ? false : boolean('options.inplace', inplace);
  }

  /** The options of a forward call. */
  protected forwardOptions<T extends ActivationInput>(x: T, options: ModuleOptions<T> | undefined): ModuleOptions<T> {
    const { out, dtype } = optionsObject(options);
    return { out: out === undefined && this.inplace ? x : out, dtype };
  }

  protected representation(): string {
    return this.inplace ? 'inplace=True' : '';
  }
}

/** torch.nn.Mish. */
export class Mish extends InPlaceActivation {
  static override readonly name = 'Mish';

  forward<T extends ActivationInput>(x: T, options?: ModuleOptions<T>): T {
    return mish(x, this.forwardOptions(x, options));
  }

  backward<T extends ActivationInput>(gradOutput: T, x: T, options?: ModuleOptions<T>): T {
    return mishBackward(gradOutput, x, options);
  }
}

/** torch.nn.SiLU. */
export class SiLU extends InPlaceActivation {
  static override readonly name = 'SiLU';

  forward<T extends ActivationInput>(x: T, options?: ModuleOptions<T>): T {
    return silu(x, this.forwardOptions(x, options));
  }

  backward<T extends ActivationInput>(gradOutput: T, x: T, options?: ModuleOptions<T>): T {
    return siluBackward(gradOutput, x, options);
  }
}

/** torch.nn.Softplus. */
export class Softplus extends Activation {
  static override readonly name = 'Softplus';

  readonly beta: number;
  readonly threshold: number;

  /** @param options - `beta`: default 1; `threshold`: default 20. */
  constructor(options?: { beta?: number | undefined; threshold?: number | undefined }) {
    super();
    const { beta, threshold } = optionsObject(options);
    const parameters = softplusParameters(beta, threshold)('float64');
    this.beta = parameters.beta;
    this.threshold = parameters.threshold;
  }

  forward<T extends ActivationInput>(x: T, options?: ModuleOptions<T>): T {
    const { out, dtype } = optionsObject(options);
    return softplus(x, { beta: this.beta, threshold: this.threshold, out, dtype });
  }

  backward<T extends ActivationInput>(gradOutput: T, x: T, options?: ModuleOptions<T>): T {
    const { out, dtype } = optionsObject(options);
    return softplusBackward(gradOutput, x, { beta: this.beta, threshold: this.threshold, out, dtype });
  }

  protected representation(): string {
    return `beta=${pythonFloat(this.beta)}, threshold=${pythonFloat(this.threshold)}`;
  }
}

/** A number as Python prints a float. */
function pythonFloat(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x < 0 ? '-inf' : 'inf';
  if (Number.isInteger(x) && Math.abs(x) < 1e16) return `${Object.is(x, -0) ? '-0' : x}.0`;
  // Python switches to an exponent below 1e-4 and from 1e16 on, and gives it two digits.
  const magnitude = Math.abs(x);
  const text = magnitude < 1e-4 || magnitude >= 1e16 ? x.toExponential() : String(x);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
