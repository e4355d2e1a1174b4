import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', 'results/runs/**'],
    testTimeout: 60_000,
    // Concurrent tests of a file start processes: as many as a small machine has cores.
    maxConcurrency: 2,
    hookTimeout: 60_000,
    // What a browser is waited for: on a busy machine a second is not enough.
    expect: { poll: { timeout: 20_000 } },
  },
});
