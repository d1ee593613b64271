import { groupsOf } from '@logcatch/plugin-api';
import type { Format } from './format.ts';

/** The named groups of a pattern; one that took no part is no field, nor is one that found `nothing`. */
export function regex(pattern: RegExp, nothing?: string): Format {
  const names = groupsOf(pattern);
  return (text, add) => {
    const groups = pattern.exec(text)?.groups;
    if (!groups) return 'no match';
    for (const name of names) {
      const value = groups[name];
      if (value !== undefined && value !== nothing) add(name, value);
    }
    return undefined;
  };
}

/**
 * Access logs as Apache and nginx write them, `common` or `combined`. A request that is none, as attackers send them, is
 * only `request`.
 */
const accessLog = new RegExp(
  [
    /^(?<client>\S+) \S+ (?<user>\S+) \[(?<timestamp>[^\]]+)\]/,
    / "(?<request>(?:(?<method>[A-Z]+) (?<url>[^\s"\\]+)(?: (?<protocol>HTTP\/[\d.]+))?(?="))?(?:[^"\\]|\\.)*)"/,
    / (?<status>\d{3}|-) (?<size>\d+|-)/,
    /(?: "(?<referer>(?:[^"\\]|\\.)*)" "(?<agent>(?:[^"\\]|\\.)*)")?/,
  ]
    .map(({ source }) => source)
    .join(''),
);

export const combined = regex(accessLog, '-');
