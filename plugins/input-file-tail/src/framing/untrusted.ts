import { LogcatchError } from '@logcatch/plugin-api';
import type { JoiningOptions } from './joining.ts';

/**
 * Why a pattern can take longer than in proportion to the length of a line, as those of a stranger may not; `undefined` where it
 * cannot for sure. Only simple ones are known not to: bound to the beginning of a line, with one part that repeats.
 */
export function whyCostly({ source, multiline }: RegExp): string | undefined {
  // What is escaped, and what stands in a class, is one character; an escape with a digit or a name is a reference.
  if (/\\(?:[1-9]|k<)/.test(source)) return 'it refers back to a group';
  const plain = source.replaceAll(/\\(?:[pP]\{[^}]*\}|.)/gs, 'x').replaceAll(/\[[^\]]*\]/g, 'x');
  if (multiline) return 'it has the flag m';
  if (source.length > 200) return 'it is longer than 200 characters';
  if (!/^\^/.test(plain)) return 'it does not begin with ^';
  if (/\(\?(?:<?[=!])/.test(plain)) return 'it looks ahead or behind';
  if (/\)[*+?{]/.test(plain)) return 'a group in it repeats';
  const groups = plain.match(/\(/g)?.length ?? 0;
  if (groups > 2) return 'it has more than two groups';
  if (plain.replaceAll(/\([^()]*\)/g, '').includes('|')) return 'it has alternatives outside of a group';
  const repeats = plain.match(/(?<!\()(?:[*+?]|\{\d+,\d*\})/g)?.length ?? 0;
  return repeats > 1 ? 'more than one part of it repeats' : undefined;
}

/** @throws LC_CONFIG_UNTRUSTED */
export function checkUntrusted(multiline: JoiningOptions): void {
  for (const key of ['start', 'continue', 'end'] as const) {
    const reason = multiline[key] && whyCostly(multiline[key]);
    if (!reason) continue;
    throw new LogcatchError(
      'LC_CONFIG_UNTRUSTED',
      `multiline.${key} is not simple enough for an input with options from a remote source: ${reason}`,
      {
        hint: 'A pattern can hold up the agent for hours on one line. Begin it with ^ and repeat one part at most: `^\\s`, `^\\d{4}-\\d\\d`, `^(?:at |Caused by:)`.',
      },
    );
  }
}
