// A Redis of our own, on the loopback interface, in a temporary folder.

import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** @returns {Promise<{ port: number, stop(): Promise<void> }>} */
export async function startRedis(folder) {
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no' };
  const child = spawn(
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  await new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new Error(`redis-server (Debian: apt-get install redis-server): ${error.message}`)),
    );
    child.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}`)));
    createInterface(child.stdout).on('line', (line) => line.includes('Ready to accept connections') && resolve());
  });
  return {
    port,
    stop() {
      child.kill();
      return ended;
    },
  };
}
