// Draws the graphs of the documentation from the built package itself: each function, its derivative, and all together.
//
//   node docs/graphs.mjs             writes docs/functions/*.svg and docs/functions.svg
//   node docs/graphs.mjs --check     fails if they are not what it would write

import {
  gelu,
  geluBackward,
  mish,
  mishBackward,
  silu,
  siluBackward,
  softplus,
  softplusBackward,
} from 'simd-activations';
import { page, plot, wholeTicks, writeOrCheck } from './svg.mjs';

const of = (f) => (x) => f(Float64Array.of(x))[0];
const F = { gelu: of(gelu), silu: of(silu), mish: of(mish), softplus: of(softplus) };

const derivativeOf = (backward) => (x) => backward(Float64Array.of(1), Float64Array.of(x))[0];
const derivatives = {
  gelu: derivativeOf(geluBackward),
  silu: derivativeOf(siluBackward),
  mish: derivativeOf(mishBackward),
  softplus: derivativeOf(softplusBackward),
};

const names = { gelu: 'GELU', silu: 'SiLU', mish: 'Mish', softplus: 'Softplus' };

/** Axes, and what draws a function into them. */
function graph({ x, y, ...rest }) {
  const axes = plot({
    ...rest,
    x: { range: x, ticks: wholeTicks(x, 2) },
    y: { range: y, ticks: wholeTicks(y) },
  });
  const curve = (name, f, isDerivative) => {
    const points = Array.from({ length: 201 }, (_, i) => x[0] + ((x[1] - x[0]) * i) / 200).map((at) => [at, f(at)]);
    const visible = points.filter(([, value]) => value <= y[1] + 1e-9);
    axes.line(`${name}${isDerivative ? ' derivative' : ''}`, visible);
  };
  return { ...axes, curve };
}

function one(name) {
  const axes = graph({ left: 48, top: 24, width: 560, height: 330, x: [-6, 4], y: [-0.5, 3.2] });
  axes.curve(name, F[name], false);
  axes.curve(name, derivatives[name], true);
  axes.text(`t-${name}`, 2, 2.35, names[name], 'end');
  axes.text(`t-${name}`, 4, 1.2, 'its derivative', 'end');
  return page({ width: 640, height: 390, label: `${names[name]} and its derivative from -6 to 4`, body: axes.body() });
}

function all() {
  const common = { top: 44, height: 300, x: [-4.5, 3] };
  const left = graph({ ...common, left: 44, width: 400, y: [-0.5, 3], title: 'The functions' });
  const right = graph({ ...common, left: 500, width: 400, y: [-0.5, 1.5], title: 'Their derivatives' });

  for (const [i, name] of Object.keys(F).entries()) {
    left.curve(name, F[name], false);
    right.curve(name, derivatives[name], false);
    const y = 2.65 - i * 0.3;
    left.text(`t-${name}`, -4.2, y, names[name]);
    right.text(`t-${name}`, -4.2, 1.3 - i * 0.17, `${names[name]}′`);
  }
  const label = 'GELU, SiLU, Mish and Softplus, and their derivatives, from -4.5 to 3';
  return page({ width: 930, height: 380, label, body: [left.body(), right.body()].join('\n') });
}

const files = { 'functions.svg': all() };
for (const name of Object.keys(F)) files[`functions/${name}.svg`] = one(name);
writeOrCheck(import.meta.url, files);
