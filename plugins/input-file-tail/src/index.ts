import { defineInput } from '@logcatch/plugin-api';
import { diagnose } from './diagnosis.ts';
import { capturesOf } from './find/captures.ts';
import { attributesOf } from './find/path-attributes.ts';
import { FileTail } from './input.ts';
import { options } from './options.ts';

export default defineInput({
  type: 'file-tail',
  description: 'Reads files line by line and follows them through growth, rotation and truncation.',
  options,
  summarize: ({ paths }) => paths.join(', '),
  sets: ({ paths, format }) => [
    ...paths.flatMap((path) => capturesOf(path).names),
    ...(format === 'lines' ? [] : ['stream', 'time']),
  ],
  attributesOf,
  limit: 'roots',
  diagnose,
  create: (values, ctx) => new FileTail(values, ctx),
});
