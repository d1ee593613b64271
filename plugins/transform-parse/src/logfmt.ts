import type { Add } from './format.ts';

const [space, quote, equals, backslash] = [32, 34, 61, 92];

/** `level=info msg="it \"works\"" took=5ms`. Words without `=` are passed over. */
export function logfmt(text: string, add: Add): string | undefined {
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
    if (text.charCodeAt(i) === quote) {
      const end = closing(text, i + 1);
      if (end < 0) return 'a quote that is not closed';
      add(key, unquoted(text.slice(i, end + 1)));
      i = end + 1;
    } else {
      const start = i;
      while (i < text.length && text.charCodeAt(i) > space) i++;
      add(key, text.slice(start, i));
    }
    found = true;
  }
  return found ? undefined : 'no key=value';
}

/** Where the quote is that ends it; -1 where there is none. */
function closing(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) return i;
    if (code === backslash) i++;
  }
  return -1;
}

/** Escapes are those of JSON; with others, it stays as it is. */
function unquoted(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
