import { duration, size, template, z } from '@logcatch/plugin-api';
import { folderOf, segmentFault } from './paths.ts';

const path = template()
  .refine(({ text }) => text !== '' && !text.endsWith('/'), 'it names a folder: end it with the name of a file')
  .refine(
    (path) =>
      path.text
        .slice(folderOf(path).length)
        .split('/')
        .every((segment) => !segmentFault(segment)),
    'behind its first attribute no part of it may be empty, `.` or `..`',
  );

export const options = z
  .strictObject({
    path: path.describe(
      'File, filled in per record, relative to the pipeline file. What stands before its first attribute, up to the last `/` there, is the folder that no record leaves.',
    ),
    value: z
      .enum(['text', 'json'])
      .default('text')
      .describe('`text`: the line as it is. `json`: an object of the attributes and `message`.'),
    sync: z
      .boolean()
      .default(true)
      .describe(
        'Whether records count as written when the disk has them (fdatasync). With `false`, when the operating system has: then a power failure can lose some.',
      ),
    max_bytes: size()
      .pipe(z.number().int().min(1))
      .optional()
      .describe('A file is rotated before a write that would make it larger. What is written at once stays together.'),
    max_age: duration()
      .refine((age) => age > 0, 'an age is longer than nothing')
      .optional()
      .describe('A file is rotated at the first write when it was made so long ago.'),
    keep: z
      .number()
      .int()
      .min(0)
      .optional()
      .describe('Rotated files to keep of each; older ones are deleted. Default: all.'),
    compress: z.enum(['none', 'gzip']).default('none').describe('Of rotated files, in the background, one at a time.'),
    max_open_files: z
      .number()
      .int()
      .min(1)
      .default(100)
      .describe(
        'Files open at once. Others are opened when there is something for them; one without records for 60 s is closed.',
      ),
  })
  .refine(
    ({ max_bytes, max_age, keep, compress }) => max_bytes ?? max_age ?? (keep === undefined && compress === 'none'),
    '`keep` and `compress` are for rotated files: say when files are rotated by `max_bytes` or `max_age`',
  );

export type Options = z.output<typeof options>;
