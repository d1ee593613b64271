import { defineTransform, z } from '@logcatch/plugin-api';

const email = /[\w.+-]+@[\w-]+(\.[\w-]+)+/g;

export default defineTransform({
  type: 'mask-email',
  description: 'Replaces e-mail addresses.',
  options: z.strictObject({
    replacement: z.string().default('***').describe('What stands in place of an address.'),
  }),
  create: ({ replacement }) => ({
    apply: (batch) => batch.mapText((text) => text.replace(email, () => replacement)),
  }),
});
