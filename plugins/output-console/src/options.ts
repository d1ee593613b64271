import { z } from '@logcatch/plugin-api';

export const formats = ['auto', 'text', 'json', 'pretty'] as const;
export type Format = (typeof formats)[number];

export const options = z.strictObject({
  format: z
    .enum(formats)
    .default('auto')
    .describe(
      'text: the record and a line end. json: one object a line, its attributes and message. pretty: with the file name, in colours. auto: pretty on a terminal, else text.',
    ),
});
