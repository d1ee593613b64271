import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      // The time only catches hangs: machines are slow and busy.
      { test: { name: 'unit', include: ['{packages,plugins}/*/src/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/servers/global-setup.ts'],
          // One real server test after another: two cores, and each wants them.
          fileParallelism: false,
          // Only catches hangs; nothing is asserted on time.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
