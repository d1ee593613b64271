import { stripVTControlCharacters, styleText } from 'node:util';
import { type Batch, jsonOf, type LogRecord, printable } from '@logcatch/plugin-api';
import type { Format } from './options.ts';

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

/** The line of a record, without line end and colours, as where stdout is no terminal. */
export function preview(format: Format, record: LogRecord): string {
  if (format === 'auto' || format === 'text') return record.text;
  const batch = record.batch.select(Uint32Array.of(record.index));
  return format === 'json' ? jsonOf(batch)(0) : stripVTControlCharacters(asPretty(batch).toString()).slice(0, -1);
}
