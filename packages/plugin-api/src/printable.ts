/**
 * Text that is safe to show on a terminal and stays on one line: of the control characters only tabs and colours are kept, so
 * that whoever wrote it cannot move the cursor, change the title or forge lines.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  return text.replace(/\x1b(?!\[[\d;]*m)|[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f]/g, '\u{fffd}');
}
