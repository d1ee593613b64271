import { defineConfigSource, FileWatch } from '@logcatch/plugin-api';
import { formatOf, options } from './options.ts';

export default defineConfigSource({
  type: 'file',
  description: 'Takes configuration from a file of YAML, JSON or text.',
  options,
  summarize: ({ path }) => path,
  create: ({ path, format = formatOf(path) }, context) => {
    const file = new FileWatch({ path: context.resolve(path), label: path, changed: () => context.changed() });
    return {
      start: (signal) => file.start(signal),
      load: async (signal) => ({ document: { text: await file.readText(signal), format, label: path } }),
      stop: () => file.stop(),
    };
  },
});
