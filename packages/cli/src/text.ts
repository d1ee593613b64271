/** One line that a terminal shows as it is: what others wrote may hold line ends and control sequences. */
export function plainLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** A text in quotes, so that its ends and what cannot be seen show; in single ones where it has double ones itself. */
export function quoted(text: string): string {
  const json = JSON.stringify(text);
  const plain = json.slice(1, -1).replaceAll('\\"', '"');
  return plain === text && text.includes('"') && !text.includes("'") ? `'${text}'` : json;
}

/** Lines of columns, each as wide as its widest cell; the last one is not filled up. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map(plainLine));
  const widths: number[] = [];
  for (const row of cells)
    for (const [index, { length }] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, length);
  return cells.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
}

/** `12s`, `5m`, `3h 12m`, `2d 4h`, from milliseconds. */
export function period(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${seconds}s`;
  if (hours === 0) return `${minutes}m`;
  return hours < 24 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** `512 B`, `1.5 MiB`. */
export function bytes(count: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (count < 1_024) return `${count} B`;
  const power = Math.min(Math.floor(Math.log2(count) / 10), units.length);
  return `${(count / 2 ** (10 * power)).toFixed(1)} ${units[power - 1]}`;
}

/**
 * Lines for a terminal, broken between words, where a terminal would break in the middle of one. Without a width they stay as
 * they are: a program reads them.
 * @param hang columns by which what goes on in the next line is moved in
 */
export function folded(text: string, width: number | undefined, hang = 0): string {
  if (!width) return text;
  const moved = ' '.repeat(Math.min(hang, Math.floor(width / 2)));
  return text
    .split('\n')
    .flatMap((line) => {
      const lines: string[] = [];
      let rest = line;
      while (rest.length > width) {
        const begin = rest.search(/\S/);
        const end = rest.lastIndexOf(' ', width);
        const at = end > begin ? end : rest.indexOf(' ', begin);
        if (at < 0) break;
        lines.push(rest.slice(0, at).trimEnd());
        rest = moved + rest.slice(at).trimStart();
      }
      return [...lines, rest];
    })
    .join('\n');
}

/** A text as lines of at most so many characters, but for words that are longer. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of plainLine(text).split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
