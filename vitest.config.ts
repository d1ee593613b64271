import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    globalSetup: ['test/run-folder.ts'],
    // Times only catch hangs, nothing is asserted on them: machines are slow and busy.
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,plugins}/*/src/**/*.test.ts'],
          // Half of their time they wait for timers and the disk.
          maxWorkers: Math.max(3, availableParallelism()),
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/servers/global-setup.ts'],
          // One real server test after another: two cores, and each wants them.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
