import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Logs } from './support/rotation.ts';
import { flawless, play, type Scene } from './support/rotation-stage.ts';
import { rounds } from './support/soak.ts';

/** How a program rotates its own log: every so many lines. */
interface Rotation {
  readonly how: 'move and create' | 'copy and truncate';
  /** Old files get names that stay (by time), or shift by one at each rotation. */
  readonly names: 'timestamped' | 'sequential';
  readonly lines: number;
  readonly linesPerFile: number;
  /** Older files are deleted. */
  readonly backups: number;
  /** Whether the pattern leads to old files too. */
  readonly matched: boolean;
}

/** From a log that is never rotated to one whose files are gone soon. The last ones are longer than what is remembered of a file. */
const sizes = [
  { lines: 10, linesPerFile: 10, backups: 1 },
  { lines: 20, linesPerFile: 10, backups: 1 },
  { lines: 30, linesPerFile: 10, backups: 1 },
  { lines: 300, linesPerFile: 100, backups: 1 },
  { lines: rounds(1_000, 20_000), linesPerFile: 100, backups: 1_000 },
];

const rotations: readonly Rotation[] = sizes.flatMap((size) =>
  (['move and create', 'copy and truncate'] as const).flatMap((how) =>
    (['timestamped', 'sequential'] as const).flatMap((names) =>
      [true, false].map((matched) => ({ how, names, matched, ...size })),
    ),
  ),
);

const deleted = ({ lines, linesPerFile, backups }: Rotation) => lines > linesPerFile * (1 + backups);

/**
 * What can be promised: everything, where a line is in some file that is matched until all is over, or in one that was open
 * when it was renamed. Files of 100 lines are there for at least 100 ms, those of 10 lines are not.
 */
function promised(rotation: Rotation): boolean {
  if (rotation.lines === rotation.linesPerFile) return true;
  if (rotation.how === 'copy and truncate') return rotation.matched && !deleted(rotation);
  return rotation.matched ? !deleted(rotation) : rotation.linesPerFile >= 100;
}

async function write(logs: Logs, rotation: Rotation): Promise<void> {
  const kept: string[] = [];
  let writer = logs.open('app.log');
  for (let line = 0; line < rotation.lines; line++) {
    if (line > 0 && line % rotation.linesPerFile === 0) {
      // On a busy machine 100 ms may not be enough to open a file.
      if (promised(rotation) && !rotation.matched) await logs.found(writer);
      rotate(logs, rotation, kept);
      if (rotation.how === 'move and create') {
        writer.close();
        writer = logs.open('app.log');
      }
    }
    writer.write();
    await setTimeout(1);
  }
  writer.close();
}

/** @param kept names of old files, the newest first */
function rotate(logs: Logs, { how, names, backups }: Rotation, kept: string[]): void {
  if (kept.length === backups) logs.remove(kept.pop()!);
  if (names === 'sequential') {
    for (let i = kept.length; i > 0; i--) logs.rename(kept[i - 1]!, `app.log.${i + 1}`);
    kept.splice(0, kept.length, ...kept.map((_, i) => `app.log.${i + 2}`));
  }
  const old = names === 'sequential' ? 'app.log.1' : `app.log.${process.hrtime.bigint()}`;
  if (how === 'move and create') logs.rename('app.log', old);
  else logs.copyTruncate('app.log', old);
  kept.unshift(old);
}

const scenes = rotations.map((rotation): Scene => {
  const { how, names, lines, linesPerFile, backups, matched } = rotation;
  const files = deleted(rotation) ? `, ${backups} kept` : '';
  return {
    name: `${how}, ${names}, ${lines} lines in files of ${linesPerFile}${files}${matched ? ', matched' : ''}`,
    paths: [matched ? 'app.log*' : 'app.log'],
    lossy: !promised(rotation),
    copies: matched && how === 'copy and truncate',
    acts: [() => {}, (logs) => write(logs, rotation)],
  };
});

it('programs that rotate their own logs, all at the same time', async () => {
  expect(await play(scenes, { quiet: rounds(1_000, 12_000) })).toEqual(flawless(scenes));
});
