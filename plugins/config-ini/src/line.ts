import { LogcatchError, type Origin } from '@logcatch/plugin-api';
import { unsafe } from 'ini';

export interface HeaderLine {
  readonly kind: 'header';
  /** `[a.b]` is `a`, `b`. */
  readonly names: readonly string[];
  /** Of the bracket. */
  readonly origin: Origin;
}

export interface KeyLine {
  readonly kind: 'key';
  /** Without `[]`. */
  readonly key: string;
  /** It was written `key[]`. */
  readonly list: boolean;
  readonly value: string;
  /** Of the key. */
  readonly origin: Origin;
}

/** A longer line is refused, in characters: no option is that long, and matching it takes stack. */
const longestLine = 65_536;

/** The lines of an ini file that say something. @throws LC_SOURCE_BAD at one that cannot be read */
export function* linesOf(text: string, file: string): Generator<HeaderLine | KeyLine> {
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const start = line.trimStart();
    if (start === '' || start.startsWith(';') || start.startsWith('#')) continue;
    const origin = { file, line: index + 1, column: line.length - start.length + 1 };
    if (line.length > longestLine) throw badLine(`the line is longer than ${longestLine} characters`, origin);
    yield start.startsWith('[') ? headerLine(start, origin) : keyLine(start, origin);
  }
}

/** An error about a line. */
export function badLine(message: string, origin: Origin): LogcatchError {
  return new LogcatchError('LC_SOURCE_BAD', message, { origin });
}

function headerLine(line: string, origin: Origin): HeaderLine {
  const inside = /^\[([^\]]*)\]\s*(?:[;#].*)?$/s.exec(line)?.[1];
  if (inside === undefined) throw badLine('a section looks like `[name]`, alone on its line', origin);
  // A dot after a backslash belongs to the name.
  const names = decode(inside)
    .split(/(?<!\\)\./)
    .map((name) => name.replaceAll('\\.', '.'));
  if (names.includes('')) throw badLine(`the section \`[${inside}]\` has an empty name`, origin);
  return { kind: 'header', names, origin };
}

function keyLine(line: string, origin: Origin): KeyLine {
  const equals = line.indexOf('=');
  const key = decode(equals < 0 ? line : line.slice(0, equals));
  if (key === '') throw badLine('there is no key before the `=`', origin);
  // A word alone is a flag. More than that was meant to be something else, such as `key: value`.
  if (equals < 0 && /[\s:]/.test(key)) throw badLine('expected `key = value`', origin);
  const value = equals < 0 ? 'true' : decode(line.slice(equals + 1));
  const list = key.length > 2 && key.endsWith('[]');
  return { kind: 'key', key: list ? key.slice(0, -2) : key, list, value, origin };
}

/** A key or value without its quotes, escapes and comment. */
function decode(written: string): string {
  const text = withoutComment(written.trim());
  const value: unknown = unsafe(text);
  // In single quotes the package reads JSON: '5', 'null', '{}'.
  return typeof value === 'string' ? value : text.slice(1, -1);
}

/** The package takes quotes followed by a comment as part of the value. */
function withoutComment(text: string): string {
  return /^("(?:[^"\\]|\\.)*"|'[^']*')\s*[;#]/s.exec(text)?.[1] ?? text;
}
