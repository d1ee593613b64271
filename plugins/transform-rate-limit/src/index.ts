import { condition, defineTransform, duration, template, z } from '@logcatch/plugin-api';
import { RateLimit } from './rate-limit.ts';

export default defineTransform({
  type: 'rate-limit',
  description: 'Lets so many records through in a time, and drops the others.',
  options: z.strictObject({
    limit: z.number().int().positive().describe('Records in each window; as many may come at once.'),
    window: duration()
      .refine((window) => window > 0, 'a window is longer than nothing')
      .default(1000)
      .describe('The time that the limit is for.'),
    key: template().optional().describe('Each key has a limit of its own, such as each file: `{{ path }}`.'),
    exclude: condition().optional().describe('What is let through uncounted, such as `level == "error"`.'),
  }),
  summarize: ({ limit, window }) => `${limit} in ${window} ms`,
  sets: () => [],
  create: (options, { log, now }) => new RateLimit(options, log, now),
});
