import { closeSync, openSync, writeSync } from 'node:fs';

/** Writes a file of numbered lines of 200 bytes, line end included. */
export function writeLines(path: string, count: number): void {
  const file = openSync(path, 'w');
  let text = '';
  for (let number = 0; number < count; number++) {
    text += `${`${number} GET /orders/${number % 1000} 200 `.padEnd(199, 'abcdefghij ')}\n`;
    if (text.length > 1 << 20 || number === count - 1) {
      writeSync(file, text);
      text = '';
    }
  }
  closeSync(file);
}
