import { defineOutput } from '@logcatch/plugin-api';
import { diagnose } from './diagnosis.ts';
import { FileOutput } from './file-output.ts';
import { options } from './options.ts';
import { preview } from './preview.ts';

export default defineOutput({
  type: 'file',
  description: 'Writes records to files, one a line, with rotation.',
  options,
  // What comes while a group is written is the next one.
  concurrency: 64,
  summarize: ({ path, value }) => `${path.text}, ${value}`,
  writes: ({ path }) => path,
  preview,
  diagnose,
  create: (options, context) => new FileOutput(options, context),
});
