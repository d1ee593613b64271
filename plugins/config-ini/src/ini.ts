import type { Origin, TextTree } from '@logcatch/plugin-api';
import { linesOf } from './line.ts';
import { Section } from './section.ts';

/** What an ini file holds, and where it stands. */
export interface Ini {
  readonly texts: TextTree;
  /** Place of the key at this path, or of the header of its nearest section; for an entry of a list, of its own key. */
  originOf(path: readonly (string | number)[]): Origin;
}

/**
 * Reads ini as the `ini` package does, with its rules for quotes, escapes and comments. That package itself gives no
 * places, turns some texts into other types, skips what it cannot read, and loses keys where one name is both a key and a
 * section: here every value is text, and what it would lose is refused.
 * @param file what origins and errors call it
 * @throws LC_SOURCE_BAD with the place
 */
export function parseIni(text: string, file: string): Ini {
  const root = new Section({ file });
  let section = root;
  for (const line of linesOf(text, file)) {
    if (line.kind === 'header') section = root.section(line.names, line.origin);
    else section.add(line);
  }
  return { texts: root.texts, originOf: (path) => root.originOf(path) };
}
