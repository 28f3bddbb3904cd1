// Draws the graphs of the documentation from the built package itself: each function, its derivative, and all together.
//
//   node docs/graphs.mjs             writes docs/functions/*.svg and docs/functions.svg
//   node docs/graphs.mjs --check     fails if they are not what it would write
//
// The pictures are dark where the reader's system is.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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
// Two sets of colours, for light and dark, that differ in lightness too.
const colors = {
  gelu: ['#1f5fbf', '#79b0ff'],
  silu: ['#0e7f55', '#46cf98'],
  mish: ['#c4500a', '#ffa263'],
  softplus: ['#7b3fb8', '#c79bff'],
};

const style = (width, height, label, body) => {
  const lines = Object.entries(colors);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">
<style>
.paper { fill: #ffffff } .grid { stroke: #e3e6ea } .axis { stroke: #8a929c } text { font: 13px system-ui, sans-serif; fill: #57606a }
.title { font-size: 15px; font-weight: 600; fill: #1f2328 } .line { fill: none; stroke-width: 2.5; stroke-linejoin: round } .derivative { stroke-dasharray: 7 4 }
${lines.map(([name, [light]]) => `.${name} { stroke: ${light} } .t-${name} { fill: ${light}; font-weight: 600 }`).join('\n')}
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } .grid { stroke: #21262d } .axis { stroke: #6e7681 } text { fill: #9aa4af } .title { fill: #e6edf3 }
${lines.map(([name, [, dark]]) => `.${name} { stroke: ${dark} } .t-${name} { fill: ${dark} }`).join('\n')}
}
</style>
<rect class="paper" width="${width}" height="${height}" rx="8"/>
${body}
</svg>
`;
};

/** A pair of axes: a picture's part, and the functions from numbers to its coordinates. */
function plot({ left, top, width, height, x: [x0, x1], y: [y0, y1], title }) {
  const round = (value) => Math.round(value * 10) / 10;
  const sx = (x) => round(left + ((x - x0) / (x1 - x0)) * width);
  const sy = (y) => round(top + ((y1 - y) / (y1 - y0)) * height);
  const parts = [];
  const range = (a, b) => Array.from({ length: Math.floor(b) - Math.ceil(a) + 1 }, (_, i) => Math.ceil(a) + i);
  const label = (value) => String(value).replace('-', '−');
  for (const x of range(x0, x1)) {
    parts.push(`<path class="${x === 0 ? 'axis' : 'grid'}" d="M${sx(x)} ${top}V${top + height}"/>`);
    if (x % 2 === 0) parts.push(`<text x="${sx(x)}" y="${top + height + 18}" text-anchor="middle">${label(x)}</text>`);
  }
  for (const y of range(y0, y1)) {
    parts.push(`<path class="${y === 0 ? 'axis' : 'grid'}" d="M${left} ${sy(y)}H${left + width}"/>`);
    parts.push(`<text x="${left - 8}" y="${sy(y) + 4}" text-anchor="end">${label(y)}</text>`);
  }
  if (title) parts.push(`<text class="title" x="${left}" y="${top - 14}">${title}</text>`);
  const curve = (name, f, isDerivative) => {
    const points = [];
    for (let i = 0; i <= 200; i++) {
      const x = x0 + ((x1 - x0) * i) / 200;
      const y = f(x);
      if (y <= y1 + 1e-9) points.push(`${sx(x)} ${sy(y)}`);
    }
    parts.push(`<path class="line ${name}${isDerivative ? ' derivative' : ''}" d="M${points.join('L')}"/>`);
  };
  const text = (name, x, y, content, anchor = 'start') =>
    parts.push(`<text class="t-${name}" x="${sx(x)}" y="${sy(y)}" text-anchor="${anchor}">${content}</text>`);
  return { curve, text, body: () => parts.join('\n') };
}

function one(name) {
  const axes = plot({ left: 48, top: 24, width: 560, height: 330, x: [-6, 4], y: [-0.5, 3.2] });
  axes.curve(name, F[name], false);
  axes.curve(name, derivatives[name], true);
  axes.text(name, 2, 2.35, names[name], 'end');
  axes.text(name, 4, 1.2, 'its derivative', 'end');
  return style(640, 390, `${names[name]} and its derivative from -6 to 4`, axes.body());
}

function all() {
  const common = { top: 44, height: 300, x: [-4.5, 3] };
  const left = plot({ ...common, left: 44, width: 400, y: [-0.5, 3], title: 'The functions' });
  const right = plot({ ...common, left: 500, width: 400, y: [-0.5, 1.5], title: 'Their derivatives' });

  for (const [i, name] of Object.keys(F).entries()) {
    left.curve(name, F[name], false);
    right.curve(name, derivatives[name], false);
    const y = 2.65 - i * 0.3;
    left.text(name, -4.2, y, names[name]);
    right.text(name, -4.2, 1.3 - i * 0.17, `${names[name]}′`);
  }
  const label = 'GELU, SiLU, Mish and Softplus, and their derivatives, from -4.5 to 3';
  return style(930, 380, label, [left.body(), right.body()].join('\n'));
}

const files = { 'functions.svg': all() };
for (const name of Object.keys(F)) files[`functions/${name}.svg`] = one(name);
for (const [file, content] of Object.entries(files)) {
  const full = fileURLToPath(new URL(file, import.meta.url));
  if (!process.argv.includes('--check')) writeFileSync(full, content);
  else if (!existsSync(full) || readFileSync(full, 'utf8') !== content) {
    console.error(`docs/${file} is not what docs/graphs.mjs draws`);
    process.exitCode = 1;
  }
}
