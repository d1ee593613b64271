import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{packages,plugins}/*/src/**/*.test.ts'] } },
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
