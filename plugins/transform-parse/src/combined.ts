import type { FieldSink } from './format.ts';
import { closingQuote } from './quotes.ts';

const failed = 'no access log';
/** All that there may be. */
export const combinedFields = [
  'client',
  'user',
  'timestamp',
  'request',
  'method',
  'url',
  'protocol',
  'status',
  'size',
  'referer',
  'agent',
] as const;
/** Adds a field, unless it is the `-` that stands for none. */
type Put = (name: (typeof combinedFields)[number], from: number, to: number) => void;

/**
 * Access logs as Apache and nginx write them, `common` or `combined`. A request that is none, as attackers send them, is
 * only `request`. By hand: a regular expression with so many groups makes a text of each.
 */
export function combined(text: string, fields: FieldSink): string | undefined {
  const put: Put = (name, from, to) => {
    if (to - from !== 1 || text[from] !== '-') fields.addSlice(name, from, to);
  };
  const client = text.indexOf(' ');
  const identity = text.indexOf(' ', client + 1);
  const user = text.indexOf(' [', identity + 1);
  const time = text.indexOf('] "', user + 2);
  const request = time + 3;
  const end = closingQuote(text, request);
  if (client < 1 || identity < 0 || user < 0 || time < 0 || end < 0) return failed;
  put('client', 0, client);
  put('user', identity + 1, user);
  put('timestamp', user + 2, time);
  put('request', request, end);
  putRequest(text, request, end, put);

  const status = end + 2;
  const size = text.indexOf(' ', status) + 1;
  if (text[end + 1] !== ' ' || size === 0 || !isNumber(text, status, size - 1)) return failed;
  const space = text.indexOf(' ', size);
  const last = space < 0 ? text.length : space;
  if (!isNumber(text, size, last)) return failed;
  put('status', status, size - 1);
  put('size', size, last);

  if (!text.startsWith(' "', last)) return undefined;
  const referer = closingQuote(text, last + 2);
  if (referer < 0 || !text.startsWith('" "', referer)) return failed;
  const agent = closingQuote(text, referer + 3);
  if (agent < 0) return failed;
  put('referer', last + 2, referer);
  put('agent', referer + 3, agent);
  return undefined;
}

/** `GET /orders HTTP/1.1`, the protocol left out in HTTP/0.9. */
function putRequest(text: string, from: number, to: number, put: Put): void {
  const method = within(text.indexOf(' ', from), to);
  for (let i = from; i < method; i++) if (text[i]! < 'A' || text[i]! > 'Z') return;
  const url = within(text.indexOf(' ', method + 1), to);
  if (method === from || url <= method + 1) return;
  if (url < to && (!text.startsWith('HTTP/', url + 1) || within(text.indexOf(' ', url + 1), to) < to)) return;
  put('method', from, method);
  put('url', method + 1, url);
  if (url < to) put('protocol', url + 1, to);
}

function within(index: number, to: number): number {
  return index < 0 || index > to ? to : index;
}

/** Digits, or the `-` that stands for none. */
function isNumber(text: string, from: number, to: number): boolean {
  if (to - from === 1 && text[from] === '-') return true;
  for (let i = from; i < to; i++) if (text[i]! < '0' || text[i]! > '9') return false;
  return to > from;
}
