import { styleText } from 'node:util';
import { type Batch, printable } from '@logcatch/plugin-api';

const palette = ['cyan', 'magenta', 'yellow', 'green', 'blue'] as const;

/** The name of the source, always in the same colour, then the record. Control characters of records do not reach the terminal. */
export function asPretty(batch: Batch): Buffer {
  const name = printable(batch.attributes.name ?? batch.source.path);
  const hash = [...name].reduce((sum, character) => sum + character.codePointAt(0)!, 0);
  const prefix = styleText(palette[hash % palette.length]!, name, { validateStream: false });
  let text = '';
  for (let i = 0; i < batch.count; i++) text += `${prefix} ${printable(batch.text(i))}\n`;
  return Buffer.from(text);
}
