import { defineTransform } from '@logcatch/plugin-api';
import { Mask } from './mask.ts';
import { options } from './options.ts';

export default defineTransform({
  type: 'mask',
  description: 'Replaces card numbers, e-mail addresses, tokens and own patterns.',
  options,
  summarize: ({ kinds, patterns }) => [...kinds, ...(patterns.length > 0 ? [`${patterns.length} own`] : [])].join(', '),
  sets: () => [],
  create: (options) => new Mask(options),
});
