import { template, z } from '@logcatch/plugin-api';

const name = z
  .string()
  .min(1)
  .refine((name) => name !== 'message', '`message` is the text of a record, not an attribute')
  .refine((name) => name !== 'offset', '`offset` is the position of a record: it stays');

export const options = z
  .strictObject({
    remove: z.array(name).optional().describe('Attributes to take away.'),
    rename: z.record(name, name).optional().describe('Old names and new ones. What has the new name is replaced.'),
    set: z
      .record(name, template())
      .optional()
      .describe('Attributes and their values, such as `"{{ level:-info }}"`. One without a value is taken away.'),
  })
  .refine(({ remove, rename, set }) => remove ?? rename ?? set, 'say what to do: remove, rename or set');
