import { dirname, resolve } from 'node:path';

/** Imports and exports of a path that begins with a dot. In a comment or a text they do no harm. */
const relative = /\b(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/**
 * Plugin files and what they import by relative paths, directly or not. They are read and not run, so that those that cannot be
 * compiled are among them too.
 * @param files absolute
 * @param read the text of a file; `undefined` where it cannot be read
 */
export async function modulesOf(
  files: readonly string[],
  read: (file: string) => Promise<string | undefined>,
): Promise<Set<string>> {
  const modules = new Set(files);
  // What is added while it is gone through comes too.
  for (const file of modules) {
    for (const [, path] of ((await read(file)) ?? '').matchAll(relative)) modules.add(resolve(dirname(file), path!));
  }
  return modules;
}
