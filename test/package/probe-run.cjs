// What probe.cjs and the bundles do: prints the backend and digests of all results. One file, no dependency but the
// package, which it is given.

const { createHash } = require('node:crypto');

const LENGTH = 50_000; // more than one thread's share

/** Reproducible numbers: the special ones, some of moderate size, and any bits. No power: engines differ in those. */
function inputs(Type) {
  const special = [0, -0, Number.NaN, 1 / 0, -1 / 0, 1e-45, -1e-45, -1e-310, 3e38, -14.3, -103.9, -38.5];
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 0;
  };
  const bits = Uint32Array.from({ length: (LENGTH * Type.BYTES_PER_ELEMENT) / 4 }, next);
  const x = new Type(bits.buffer);
  for (let i = 0; i < LENGTH; i++) {
    if (i < special.length) x[i] = special[i];
    else if (i % 4 !== 0) x[i] = (next() / 2 ** 32 - 0.5) * 40;
  }
  return x;
}

const forms = {
  gelu: (m, x) => m.gelu(x),
  geluTanh: (m, x) => m.gelu(x, { approximate: 'tanh' }),
  silu: (m, x) => m.silu(x),
  mish: (m, x) => m.mish(x),
  softplus: (m, x) => m.softplus(x),
  softplusBeta: (m, x) => m.softplus(x, { beta: 2.5, threshold: 10 }),
};

exports.run = function run(module) {
  const digests = {};
  for (const Type of [Float32Array, Float64Array]) {
    const x = inputs(Type);
    for (const [name, f] of Object.entries(forms)) {
      const { buffer, byteOffset, byteLength } = f(module, x);
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      digests[`${name} ${Type.name}`] = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    }
  }
  const { versions, arch, platform } = process;
  const name = versions.bun ? `Bun ${versions.bun}` : versions.deno ? `Deno ${versions.deno}` : `Node ${versions.node}`;
  const { backend } = module;
  console.log(JSON.stringify({ runtime: `${name} ${platform} ${arch}`, backend: { ...backend }, digests }));
};
