// torch.nn's modules.

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import * as api from '../dist/index.mjs';
import { GELU, Mish, SiLU, Softplus } from '../dist/nn.mjs';
import { expectSameBits, hostile } from './support.js';

const x = hostile(new Float32Array(1000));
const g = hostile(new Float32Array(1000), 2);

describe('modules', () => {
  it('are printed as PyTorch prints them', () => {
    const printed = [
      [new GELU(), "GELU(approximate='none')"],
      [new GELU({ approximate: 'tanh' }), "GELU(approximate='tanh')"],
      [new Mish(), 'Mish()'],
      [new SiLU(), 'SiLU()'],
      [new SiLU({ inplace: true }), 'SiLU(inplace=True)'],
      [new Softplus(), 'Softplus(beta=1.0, threshold=20.0)'],
      [new Softplus({ beta: 0.5, threshold: Number.POSITIVE_INFINITY }), 'Softplus(beta=0.5, threshold=inf)'],
      [new Softplus({ beta: -1e-5, threshold: 1e16 }), 'Softplus(beta=-1e-05, threshold=1e+16)'],
      [new Softplus({ beta: Number.NaN, threshold: -0 }), 'Softplus(beta=nan, threshold=-0.0)'],
    ] as const;
    for (const [module, text] of printed) {
      expect(String(module)).toBe(text);
      expect(inspect(module)).toBe(text);
    }
    class Mine extends SiLU {}
    expect(String(new Mine())).toBe('Mine()');
    // Bundlers rename classes, and so do not what these say themselves.
    for (const Class of [GELU, Mish, SiLU, Softplus]) expect(String(Class)).toContain(`static name = '${Class.name}'`);
  });

  it.each([
    [new GELU(), (a: Float32Array) => api.gelu(a), () => api.geluBackward(g, x)],
    [
      new GELU({ approximate: 'tanh' }),
      (a: Float32Array) => api.gelu(a, { approximate: 'tanh' }),
      () => api.geluBackward(g, x, { approximate: 'tanh' }),
    ],
    [new Mish(), (a: Float32Array) => api.mish(a), () => api.mishBackward(g, x)],
    [new SiLU(), (a: Float32Array) => api.silu(a), () => api.siluBackward(g, x)],
    [
      new Softplus({ beta: 2, threshold: 3 }),
      (a: Float32Array) => api.softplus(a, { beta: 2, threshold: 3 }),
      () => api.softplusBackward(g, x, { beta: 2, threshold: 3 }),
    ],
  ])('%s computes the function and its derivative', (module, forward, backward) => {
    expectSameBits(module.forward(x), forward(x));
    expectSameBits(module.backward(g, x), backward());
    const out = new Float32Array(1000);
    expect(module.forward(x, { out })).toBe(out);
    expect(module.backward(g, x, { out })).toBe(out);
    const bits = Uint16Array.of(0x3f80, 0xbf80);
    expect(module.forward(bits, { dtype: 'bfloat16' })).toHaveLength(2);
  });

  it('compute in place where they are told to', () => {
    const copy = x.slice();
    expect(new SiLU({ inplace: true }).forward(copy)).toBe(copy);
    expectSameBits(copy, api.silu(x));
    const out = new Float32Array(1000);
    expect(new Mish({ inplace: true }).forward(x, { out })).toBe(out);
  });

  it('check their options when they are made', () => {
    expect(() => new GELU({ approximate: 'erf' as 'tanh' })).toThrow(/options\.approximate must be one of/);
    expect(() => new SiLU({ inplace: 1 as unknown as boolean })).toThrow(/options\.inplace must be a boolean/);
    expect(() => new SiLU({ inplace: null as unknown as boolean })).toThrow(/options\.inplace must be a boolean/);
    expect(() => new Mish().forward(new Float32Array(1), { out: null as unknown as Float32Array })).toThrow(
      /options\.out/,
    );
    expect(() => new Softplus({ beta: '1' as unknown as number })).toThrow(/options\.beta must be a number/);
  });
});
