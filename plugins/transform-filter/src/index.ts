import { condition, defineTransform, z } from '@logcatch/plugin-api';

export default defineTransform({
  type: 'filter',
  description: 'Keeps the records that meet a condition.',
  options: z.strictObject({
    condition: condition().describe('What a record has to meet, such as `level != "debug"`. The others are dropped.'),
  }),
  summarize: ({ condition }) => condition.text,
  sets: () => [],
  create: ({ condition }) => ({ apply: (batch) => condition.filter(batch) }),
});
