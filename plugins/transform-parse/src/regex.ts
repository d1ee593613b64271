import { groupsOf } from '@logcatch/plugin-api';
import type { Format } from './format.ts';

/** The named groups of a pattern; one that took no part is no field. */
export function regex(pattern: RegExp): Format {
  const names = groupsOf(pattern);
  return (text, fields) => {
    const groups = pattern.exec(text)?.groups;
    if (!groups) return 'no match';
    for (const name of names) {
      const value = groups[name];
      if (value !== undefined) fields.add(name, value);
    }
    return undefined;
  };
}
