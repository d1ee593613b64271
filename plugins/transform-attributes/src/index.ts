import { defineTransform } from '@logcatch/plugin-api';
import { AttributesTransform } from './attributes-transform.ts';
import { options } from './options.ts';

export default defineTransform({
  type: 'attributes',
  description: 'Sets, renames and removes attributes.',
  options,
  summarize: ({ remove = [], rename = {}, set = {} }) =>
    [...remove, ...Object.keys(rename), ...Object.keys(set)].join(', '),
  sets: ({ rename = {}, set = {} }) => [...Object.values(rename), ...Object.keys(set)],
  create: (options) => new AttributesTransform(options),
});
