import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Much of the time is spent waiting for queues, not computing: one more than the machine's processors on a small machine.
    maxWorkers: 3,
    restoreMocks: true,
  },
});
