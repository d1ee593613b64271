import { plainLine } from './text.ts';

export interface TopColumn<Row> {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly right?: true;
  /** Left out where the lines would be too long, the highest first; those without one stay. */
  readonly rank?: number;
  cell(row: Row): string;
}

const gap = '  ';

/** One line for the titles and one for each row, no longer than the width if leaving out columns can do that. */
export function tableLines<Row>(columns: readonly TopColumn<Row>[], rows: readonly Row[], width: number): string[] {
  const cells = columns.map((column) => [column.title, ...rows.map((row) => plainLine(column.cell(row)))]);
  const sized = columns.map((column, index) => ({
    ...column,
    cells: cells[index]!,
    width: Math.max(...cells[index]!.map((cell) => cell.length)),
  }));
  let shown = sized;
  while (shown.reduce((sum, column) => sum + column.width + gap.length, -gap.length) > width) {
    const rank = Math.max(...shown.map((column) => column.rank ?? 0));
    if (rank === 0) break;
    shown = shown.filter((column) => column.rank !== rank);
  }
  return [0, ...rows.keys().map((index) => index + 1)].map((line) =>
    shown
      .map(({ right, width, cells }) => (right ? cells[line]!.padStart(width) : cells[line]!.padEnd(width)))
      .join(gap)
      .trimEnd(),
  );
}
