import { type Batch, Missing, type Template } from '@logcatch/plugin-api';
import { varintSize, writeVarint } from './varint.ts';

/** What is made of a record. */
export interface RecordShape {
  readonly key?: Template | undefined;
  readonly headers: Readonly<Record<string, Template>>;
  readonly value: 'text' | 'json';
  readonly timestamp?: Template | undefined;
}

/** Something that each record of a batch has; the same object for all of them where it does not vary. */
type PerRecord<T> = (index: number) => T;

/** Each record's key; `null` = none. */
export function keysOf(key: Template | undefined, batch: Batch): PerRecord<Buffer | null> {
  if (!key) return () => null;
  if (!key.constant(batch)) return (index) => Buffer.from(present(key.value(batch, index)));
  const value = Buffer.from(present(key.valueOf(batch)));
  return () => value;
}

/** Each record's headers, as they are in a record: their number, then names and values with their lengths. */
export function headersOf(headers: Readonly<Record<string, Template>>, batch: Batch): PerRecord<Buffer> {
  const entries = Object.entries(headers);
  const encode = (index: number) =>
    encodeHeaders(entries.map(([name, template]) => [name, present(template.value(batch, index))]));
  if (!entries.every(([, template]) => template.constant(batch))) return encode;
  const constant = encode(0);
  return () => constant;
}

/** Each record's time, in ms since the epoch; `undefined`: when its record batch is made. */
export function timesOf(timestamp: Template | undefined, batch: Batch): PerRecord<number | undefined> | undefined {
  if (!timestamp) return undefined;
  if (!timestamp.constant(batch)) return (index) => parseTime(present(timestamp.value(batch, index)));
  const time = parseTime(present(timestamp.valueOf(batch)));
  return () => time;
}

/** A number of ms since the epoch, or a date as ISO 8601 writes it; `undefined` when it is neither. */
export function parseTime(text: string): number | undefined {
  const time = /^\d{1,15}$/.test(text) ? Number(text) : /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  return time >= 0 ? time : undefined;
}

/** Records that lack a value are refused before they get here. */
function present(value: string | Missing): string {
  return value instanceof Missing ? '' : value;
}

function encodeHeaders(headers: readonly [string, string][]): Buffer {
  const texts = headers.flat().map((text) => Buffer.from(text));
  const size = texts.reduce((sum, { length }) => sum + varintSize(length) + length, varintSize(headers.length));
  const bytes = Buffer.allocUnsafe(size);
  let position = writeVarint(bytes, 0, headers.length);
  for (const text of texts) {
    position = writeVarint(bytes, position, text.length);
    position += text.copy(bytes, position);
  }
  return bytes;
}
