import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Numbered lines of 200 bytes, line end included, in one or more files: each file holds a run of the numbers. */
export interface Lines {
  readonly files: readonly string[];
  readonly pattern: string;
  readonly count: number;
}

/** The line of a number, without its end. */
export type LineOf = (number: number) => string;

const filler = 'abcdefghij ';
const request: LineOf = (number) => `${number} GET /orders/${number % 1000} 200 `.padEnd(199, filler);

/** Writes them into a folder of their own. @param lineOf for lines of another form */
export function writeLines(folder: string, count: number, files: number, lineOf = request): Lines {
  mkdirSync(folder);
  const paths = Array.from({ length: files }, (_, index) => join(folder, `${String(index).padStart(5, '0')}.log`));
  for (const [index, path] of paths.entries()) {
    writeFile(path, Math.floor((count * index) / files), Math.floor((count * (index + 1)) / files), lineOf);
  }
  return { files: paths, pattern: join(folder, '*.log'), count };
}

function writeFile(path: string, from: number, to: number, lineOf: LineOf): void {
  const file = openSync(path, 'w');
  let text = '';
  for (let number = from; number < to; number++) {
    text += `${lineOf(number)}\n`;
    if (text.length > 1 << 20) {
      writeSync(file, text);
      text = '';
    }
  }
  writeSync(file, text);
  closeSync(file);
}
