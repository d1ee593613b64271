import type { FieldSink } from './format.ts';
import { closingQuote } from './quotes.ts';

const [space, quote, equals] = [32, 34, 61];

/** `level=info msg="it \"works\"" took=5ms`. Words without `=` are passed over. */
export function logfmt(text: string, fields: FieldSink): string | undefined {
  let found = false;
  let i = 0;
  while (i < text.length) {
    const begin = i;
    while (i < text.length && text.charCodeAt(i) > space && text.charCodeAt(i) !== equals) i++;
    const isKey = i > begin && text.charCodeAt(i) === equals;
    if (!isKey) {
      i = Math.max(i, begin + 1);
      continue;
    }
    const key = text.slice(begin, i++);
    const start = i;
    if (text.charCodeAt(i) === quote) {
      const end = closingQuote(text, i + 1);
      if (end < 0) return 'a quote that is not closed';
      const backslash = text.indexOf('\\', start);
      if (backslash < 0 || backslash > end) fields.addSlice(key, start + 1, end);
      else fields.add(key, unescaped(text.slice(start, end + 1)));
      i = end + 1;
    } else {
      while (i < text.length && text.charCodeAt(i) > space) i++;
      fields.addSlice(key, start, i);
    }
    found = true;
  }
  return found ? undefined : 'no key=value';
}

/** Escapes are those of JSON; with others, it stays as it is. */
function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
