import { styleText } from 'node:util';
import type { TappedRecord } from '@logcatch/core';
import { printable } from '@logcatch/plugin-api';
import { plainLine } from './text.ts';

/** Attributes that say nothing new beside a record's own fields. */
const builtIn = ['path', 'name', 'input', 'host'];
/** Characters of an attribute, and of all of them, that are shown. */
const longestValue = 40;
const longestAttributes = 160;
/** Ends the colours of a record: what comes after it has its own. */
const reset = '\x1b[0m';

/** `app /var/log/a.log:120 level=error  the text`, on one line that cannot control a terminal. */
export function recordText(record: TappedRecord, colors: boolean): string {
  const { component, exit, path, offset, attributes, message, size } = record;
  const dim = (text: string) => (colors ? styleText('gray', text, { validateStream: false }) : text);
  const own = Object.entries(attributes).filter(([name]) => !builtIn.includes(name));
  const pairs = own.map(([name, value]) => `${name}=${cut(value, longestValue)}`).join(' ');
  const place = `${exit === undefined ? component : `${component}.${exit}`} ${path}:${offset}`;
  const head = plainLine(pairs === '' ? place : `${place} ${cut(pairs, longestAttributes)}`);
  const whole = Buffer.byteLength(message) < size ? dim(` (${size} bytes)`) : '';
  const text = printable(message);
  return `${dim(head)}  ${text}${text.includes('\x1b') ? reset : ''}${whole}`;
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 3)}...`;
}
