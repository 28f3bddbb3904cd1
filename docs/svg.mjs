// What all pictures share: pages that are dark where the reader's system is, and pairs of axes. And how a script writes
// its files, or checks them.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** For light and for dark pages, different in lightness too. */
export const COLORS = {
  gelu: ['#1f5fbf', '#79b0ff'],
  silu: ['#0e7f55', '#46cf98'],
  mish: ['#c4500a', '#ffa263'],
  softplus: ['#7b3fb8', '#c79bff'],
};

/** A page. `colors` are its classes: `name` for lines, `t-name` for texts and areas. */
export function page({ width, height, label, colors = COLORS, body }) {
  const classes = (which) =>
    Object.entries(colors)
      .map(
        ([name, pair]) => `.${name} { stroke: ${pair[which]} } .t-${name} { fill: ${pair[which]}; font-weight: 600 }`,
      )
      .join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${label}">
<style>
.paper { fill: #ffffff } .grid { stroke: #e3e6ea } .axis { stroke: #8a929c } text { font: 13px system-ui, sans-serif; fill: #57606a }
.title { font-size: 15px; font-weight: 600; fill: #1f2328 } .line { fill: none; stroke-width: 2.5; stroke-linejoin: round } .derivative { stroke-dasharray: 7 4 }
${classes(0)}
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } .grid { stroke: #21262d } .axis { stroke: #6e7681 } text { fill: #9aa4af } .title { fill: #e6edf3 }
${classes(1)}
}
</style>
<rect class="paper" width="${width}" height="${height}" rx="8"/>
${body}
</svg>
`;
}

/** Ticks at the whole numbers between two; the multiples of `every` have labels. */
export function wholeTicks([from, to], every = 1) {
  const numbers = Array.from({ length: Math.floor(to) - Math.ceil(from) + 1 }, (_, i) => Math.ceil(from) + i);
  return numbers.map((at) => ({ at, label: at % every === 0 ? String(at).replace('-', '−') : '' }));
}

/**
 * A pair of axes: a picture's part, and what draws in its coordinates. An axis has a range, [from, to], and ticks,
 * { at, label }; `log` makes its scale logarithmic.
 */
export function plot({ left, top, width, height, x, y, title }) {
  const round = (value) => Math.round(value * 10) / 10;
  const share = ({ range: [from, to], log }, value) =>
    log ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from);
  const sx = (value) => round(left + share(x, value) * width);
  const sy = (value) => round(top + (1 - share(y, value)) * height);
  const parts = [];
  const kind = (axis, at) => (at === 0 && !axis.log ? 'axis' : 'grid');
  for (const { at, label } of x.ticks) {
    parts.push(`<path class="${kind(x, at)}" d="M${sx(at)} ${top}V${top + height}"/>`);
    if (label) parts.push(`<text x="${sx(at)}" y="${top + height + 18}" text-anchor="middle">${label}</text>`);
  }
  for (const { at, label } of y.ticks) {
    parts.push(`<path class="${kind(y, at)}" d="M${left} ${sy(at)}H${left + width}"/>`);
    if (label) parts.push(`<text x="${left - 8}" y="${sy(at) + 4}" text-anchor="end">${label}</text>`);
  }
  if (title) parts.push(`<text class="title" x="${left}" y="${top - 14}">${title}</text>`);
  return {
    line: (classes, points) =>
      parts.push(`<path class="line ${classes}" d="M${points.map(([a, b]) => `${sx(a)} ${sy(b)}`).join('L')}"/>`),
    text: (classes, a, b, content, anchor = 'start') =>
      parts.push(`<text class="${classes}" x="${sx(a)}" y="${sy(b)}" text-anchor="${anchor}">${content}</text>`),
    dot: (name, a, b) => parts.push(`<circle class="t-${name}" cx="${sx(a)}" cy="${sy(b)}" r="4.5"/>`),
    ring: (name, a, b) => parts.push(`<circle class="line ${name}" cx="${sx(a)}" cy="${sy(b)}" r="4"/>`),
    body: () => parts.join('\n'),
  };
}

/** Writes files, by their paths relative to the script; with --check fails instead if one is not what it would be. */
export function writeOrCheck(scriptUrl, files) {
  const script = path.relative(fileURLToPath(new URL('..', import.meta.url)), fileURLToPath(scriptUrl));
  for (const [file, content] of Object.entries(files)) {
    const full = fileURLToPath(new URL(file, scriptUrl));
    if (!process.argv.includes('--check')) writeFileSync(full, content);
    else if (!existsSync(full) || readFileSync(full, 'utf8') !== content) {
      console.error(`${path.join(path.dirname(script), file)} is not what ${script} makes`);
      process.exitCode = 1;
    }
  }
}
