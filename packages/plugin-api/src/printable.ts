// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
const unsafe = /\x1b(?!\[[\d;]*m)|[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text that is safe to show on a terminal and stays on one line: of the control characters only tabs and colours are kept, so
 * that whoever wrote it cannot move the cursor, change the title or forge lines; nor turn the direction of writing, which
 * would show a path as another one.
 */
export function printable(text: string): string {
  return text.replace(unsafe, '\u{fffd}');
}
