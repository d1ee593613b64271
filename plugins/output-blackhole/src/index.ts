import { defineOutput, type Figures, type Output, z } from '@logcatch/plugin-api';

export default defineOutput({
  type: 'blackhole',
  description: 'Takes every record, counts it, and writes nothing: for measuring.',
  options: z.strictObject({}),
  concurrency: Number.POSITIVE_INFINITY,
  create: (): Output => {
    let records = 0;
    let bytes = 0;
    return {
      start: async () => {},
      write: async (batch) => {
        records += batch.count;
        bytes += batch.size;
      },
      figures: (): Figures => ({ records, bytes }),
      stop: async () => {},
    };
  },
});
