import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The package is loaded by Node itself, once: not transformed, and not a second time beside.
    server: { deps: { external: [/\/dist\//] } },
  },
});
