import { defineInput } from '@logcatch/plugin-api';
import { capturesOf } from './find/captures.ts';
import { Exclusions, Pattern } from './find/glob.ts';
import { FileTail } from './input.ts';
import { options } from './options.ts';

export default defineInput({
  type: 'file-tail',
  description: 'Reads files line by line and follows them through growth, rotation and truncation.',
  options,
  summarize: ({ paths }) => paths.join(', '),
  sets: ({ paths }) => paths.flatMap((path) => capturesOf(path).names),
  reads: ({ paths, exclude = [] }, path, resolve) =>
    paths.some((text) => new Pattern(text, resolve).matches(path)) && !new Exclusions(exclude, resolve).has(path),
  create: (values, ctx) => new FileTail(values, ctx),
});
