// What the numbers were taken on.

import { readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { backend } from '../dist/backend.js';

const CPU = '/sys/devices/system/cpu/cpu0';

/** The contents of a file of the kernel's, or undefined. */
function read(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function caches() {
  try {
    return readdirSync(`${CPU}/cache`)
      .filter((name) => name.startsWith('index'))
      .map((name) => ['level', 'type', 'size', 'shared_cpu_list'].map((key) => read(`${CPU}/cache/${name}/${key}`)))
      .filter(([, type]) => type !== 'Instruction')
      .map(([level, , size, cpus]) => ({ level: Number(level), size, cpus }));
  } catch {
    return [];
  }
}

export const describeMachine = () => ({
  cpu: os.cpus()[0]?.model.trim() ?? process.arch,
  cores: os.availableParallelism(),
  virtual: /\bhypervisor\b/.test(read('/proc/cpuinfo') ?? ''),
  caches: caches(),
  memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
  governor: read(`${CPU}/cpufreq/scaling_governor`) ?? 'not readable',
  load: os.loadavg()[0],
  isa: backend.isa,
  isas: backend.isas,
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
});

/** The description in two lines. */
export function machineText({ cpu, cores, virtual, caches: levels, memory, governor, load, isa, node, platform }) {
  const sizes = levels.map(({ level, size, cpus }) => `L${level} ${size}${/[,-]/.test(cpus) ? ' shared' : ''}`);
  const first = [`${cpu}${virtual ? ' (virtual machine)' : ''}`, `${cores} core${cores === 1 ? '' : 's'}`, ...sizes];
  const second = [`instruction set ${isa}`, `Node ${node}`, platform, `governor ${governor}`];
  return `${[...first, memory].join(', ')};\n${[...second, `load ${load.toFixed(1)} before`].join(', ')}`;
}
