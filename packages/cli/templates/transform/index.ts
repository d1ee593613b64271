import { defineTransform, z } from '@logcatch/plugin-api';

export default defineTransform({
  type: 'my-type',
  description: 'Cuts long records.',
  // One declaration: the type of `limit` below, its check, its default, and the help of `pipeline plugins`.
  options: z.strictObject({
    limit: z.number().int().min(1).default(200).describe('Characters that a record keeps.'),
  }),
  summarize: ({ limit }) => `after ${limit} characters`,
  create: ({ limit }) => ({
    // A batch is immutable, and others have it too: derive a new one from it. A record that is left out is dropped for good.
    apply: (batch) => batch.mapText((text) => (text.length > limit ? `${text.slice(0, limit)}...` : text)),
  }),
});
