import { extname } from 'node:path';
import { type ConfigFormat, z } from '@logcatch/plugin-api';

export const options = z.strictObject({
  path: z.string().min(1).describe('The file, relative to the pipeline file. It need not exist yet.'),
  format: z
    .enum(['yaml', 'json', 'text'])
    .optional()
    .describe('How to read it. Default: by its extension (.yaml, .yml, .json), else text.'),
});

/** The format of a file that does not say it otherwise. */
export function formatOf(path: string): ConfigFormat {
  const extension = extname(path).toLowerCase();
  if (extension === '.json') return 'json';
  return extension === '.yaml' || extension === '.yml' ? 'yaml' : 'text';
}
