import { condition, defineTransform, template, z } from '@logcatch/plugin-api';
import { hashOf, mixed } from './hash.ts';

const options = z.strictObject({
  rate: z.number().int().positive().describe('One of so many records is kept, on average: 10 keeps a tenth.'),
  key: template()
    .optional()
    .describe('Records with the same key, such as `{{ trace_id }}`, are kept or dropped together.'),
  exclude: condition().optional().describe('What is kept in any case, such as `level == "error"`.'),
});

export default defineTransform({
  type: 'sample',
  description: 'Keeps one of so many records.',
  options,
  summarize: ({ rate }) => `1 of ${rate}`,
  sets: () => [],
  create: ({ rate, key, exclude }) => ({
    // By a hash, not by counting: what is read again has the same fate, and a key has it on every agent.
    apply: (batch) => {
      const excluded = exclude?.test(batch);
      const seed = hashOf(`${batch.source.input}:${batch.source.path}`);
      return batch.filterRanges((_buffer, _start, _end, index) => {
        if (excluded?.(index)) return true;
        const own = key?.value(batch, index);
        return (typeof own === 'string' ? hashOf(own) : mixed(seed, batch.offset(index))) % rate === 0;
      });
    },
  }),
});
