import { styleText } from 'node:util';
import { type Batch, printable } from '@logcatch/plugin-api';

const lineFeed = 10;

/** The records as they are, each with a line end, at the start of `target`: it has room for `batch.size + batch.count` bytes. */
export function asText(batch: Batch, target: Buffer): Buffer {
  const { buffer, starts, ends, count } = batch;
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += buffer.copy(target, at, starts[i]!, ends[i]!);
    target[at++] = lineFeed;
  }
  return target.subarray(0, at);
}

/** One JSON object a line: the attributes, then `message`. */
export function asJson(batch: Batch): Buffer {
  let text = '';
  const columns = [...batch.columns];
  for (let i = 0; i < batch.count; i++) {
    const own = columns.map((name) => [name, batch.attribute(name, i)]);
    text += `${JSON.stringify({ ...batch.attributes, ...Object.fromEntries(own), message: batch.text(i) })}\n`;
  }
  return Buffer.from(text);
}

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
