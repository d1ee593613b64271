import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { defineConfigSource, duration, LogcatchError, messageOf, z } from '@logcatch/plugin-api';

const run = promisify(execFile);

export default defineConfigSource({
  type: 'my-type',
  description: 'Takes configuration from what a command prints.',
  // Its values come from elsewhere: the last good one is kept on disk, and `pipeline check` does not ask for them.
  remote: true,
  // One declaration: types, checks, defaults, and the help of `pipeline plugins`.
  options: z.strictObject({
    command: z.array(z.string()).min(1).describe('The program, and what it is called with.'),
    format: z.enum(['json', 'yaml', 'text']).default('json').describe('What it prints.'),
    every: duration().prefault('1m').describe('How often it is asked.'),
  }),
  summarize: ({ command }) => command.join(' '),
  create: ({ command, format, every }, context) => {
    const [program, ...args] = command;
    const label = command.join(' ');
    let timer: NodeJS.Timeout | undefined;
    return {
      // Says when something may have changed, as often as it likes: the engine then loads, and compares.
      async start() {
        timer = setInterval(() => context.changed(), every);
      },

      // What it holds now, as a whole. The engine parses it, and knows the line and column of every value.
      // A throw: again after a pause. Meanwhile the last good value goes on.
      async load(signal) {
        try {
          const { stdout } = await run(program!, args, { signal, cwd: context.resolve('.') });
          return { document: { text: stdout, format, label } };
        } catch (cause) {
          throw new LogcatchError('LC_SOURCE_UNREACHABLE', `${label} failed: ${messageOf(cause)}`, { cause });
        }
      },

      // Also called before `start`, and twice.
      async stop() {
        clearInterval(timer);
      },
    };
  },
});
