import type { Attributes } from '@logcatch/plugin-api';
import type { Options } from '../options.ts';
import { Exclusions, Pattern } from './glob.ts';

/** What an input knows of every record of a file by its path; `undefined` where it would not read it. */
export function attributesOf(
  { paths, exclude = [] }: Pick<Options, 'paths' | 'exclude'>,
  path: string,
  resolve: (path: string) => string,
): Attributes | undefined {
  const patterns = paths.map((text) => new Pattern(text, resolve));
  const read = patterns.some((pattern) => pattern.matches(path)) && !new Exclusions(exclude, resolve).has(path);
  return read ? (capturesOf(patterns, path) ?? {}) : undefined;
}

/** What patterns say of the parts of a path that they name: the first that names any. */
export function capturesOf(patterns: readonly Pattern[], path: string): Attributes | undefined {
  for (const pattern of patterns) {
    const captures = pattern.capturesOf(path);
    if (captures) return captures;
  }
  return undefined;
}
