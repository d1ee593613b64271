import { readFile } from 'node:fs/promises';
import type { Secret } from '@logcatch/plugin-api';

/** The value of a secret option. A file is read each time, so that a changed one counts; its last line end is not part of it. */
export async function readSecret(value: Secret, resolve: (path: string) => string): Promise<string> {
  if (typeof value === 'string') return value;
  return (await readFile(resolve(value.file), 'utf8')).trimEnd();
}
