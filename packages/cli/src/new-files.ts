import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeToStderr } from '@logcatch/core';
import { exitCode } from './exit-codes.ts';

/** A file that comes with this package, with these words put in the place of others. */
export function template(name: string, words: Readonly<Record<string, string>>): string {
  const text = readFileSync(new URL(`../templates/${name}`, import.meta.url), 'utf8');
  return Object.entries(words).reduce((filled, [word, by]) => filled.replaceAll(word, by), text);
}

/** Makes files that are not there yet, and their folders. @returns false, having said why, where that cannot be */
export function makeFiles(folder: string, files: Readonly<Record<string, string>>): boolean {
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { flag: 'wx' });
    }
    return true;
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    return refuse(code === 'EEXIST' ? `${path} is there already: nothing is overwritten.` : message);
  }
}

/** Whether there is nothing in a folder, or no folder. */
export function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).length === 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

export function refuse(message: string): false {
  writeToStderr(message);
  process.exitCode = exitCode.invalid;
  return false;
}
