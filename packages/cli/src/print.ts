import { writeToStderr } from '@logcatch/core';
import { folded } from './text.ts';

/** Prints to stdout, on a terminal with whole words. @param hang see {@link folded} */
export function print(text: string, hang = 0): void {
  console.log(folded(text, process.stdout.columns, hang));
}

/** The same to stderr. */
export function printAside(text: string, hang = 0): void {
  writeToStderr(folded(text, process.stderr.columns, hang));
}
