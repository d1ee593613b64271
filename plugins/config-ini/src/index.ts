import { defineConfigSource, FileWatch, z } from '@logcatch/plugin-api';
import { parseIni } from './ini.ts';

export default defineConfigSource({
  type: 'ini',
  untyped: true,
  description: 'Takes configuration from an ini file.',
  options: z.strictObject({
    path: z.string().min(1).describe('The file, relative to the pipeline file. It need not exist yet.'),
  }),
  summarize: ({ path }) => path,
  create: ({ path }, context) => {
    const file = new FileWatch({ path: context.resolve(path), label: path, changed: () => context.changed() });
    return {
      start: (signal) => file.start(signal),
      load: async (signal) => parseIni(await file.readText(signal), path),
      stop: () => file.stop(),
    };
  },
});
