import { defineOutput } from '@logcatch/plugin-api';
import { ConsoleOutput } from './console-output.ts';
import { preview } from './format.ts';
import { options } from './options.ts';
import { openStdout } from './stdout.ts';

export default defineOutput({
  type: 'console',
  description: 'Writes records to stdout.',
  options,
  summarize: ({ format }) => `stdout, ${format}`,
  preview: ({ format }, record) => ({ value: preview(format, record) }),
  create: ({ format }, context) => new ConsoleOutput(format, () => openStdout(), context),
});
