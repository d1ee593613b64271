import { defineInput } from '@logcatch/plugin-api';
import { options } from './options.ts';
import { Pipe } from './pipe.ts';
import { StdinInput } from './stdin.ts';

/** The process has one, whatever instances come and go. */
const standardInput = new Pipe(() => process.stdin);

export default defineInput({
  type: 'stdin',
  description: 'Reads the lines of standard input, once.',
  options,
  single: true,
  sets: () => [],
  create: (values, context) => new StdinInput(values, context, standardInput),
});
