import { appendFileSync, closeSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { stamped, untimed } from '../arrivals.ts';
import { pace } from '../pace.ts';
import type { Load, Session } from './session.ts';
import type { Tailer } from './tailer.ts';

export interface Sizes {
  readonly files: number;
  readonly seconds: number;
  readonly backlogBytes: number;
}

export interface Result {
  readonly load: Load;
  /** Lines written that never came. */
  readonly lost: number;
}

type Scene = (session: Session, tailer: Tailer, sizes: Sizes) => Promise<Result>;

/** Many files of one line, all read, and then nothing happens. */
async function idle(session: Session, tailer: Tailer, { files, seconds }: Sizes): Promise<Result> {
  const lost = await following(session, tailer, files);
  await setTimeout(15_000); // what has just grown is looked at more often
  return { load: await session.during(() => setTimeout(seconds * 1000)), lost };
}

/** Many files that get a line a second each. */
async function active(session: Session, tailer: Tailer, { files, seconds }: Sizes): Promise<Result> {
  await following(session, tailer, files);
  const load = await session.during(() =>
    pace(files, files * seconds, (index) => {
      appendFileSync(session.log(index % files), stamped(index % files, 1 + Math.floor(index / files)));
    }),
  );
  return { load, lost: await session.arrived(files * (1 + seconds)) };
}

/** A file that gets 100 lines a second, while a large one beside it is read from its beginning. */
async function backlog(session: Session, tailer: Tailer, { backlogBytes }: Sizes): Promise<Result> {
  const [live, large] = [0, 1];
  const append = (line: number, at?: number) => appendFileSync(session.log('live'), stamped(live, line, at));
  append(0, untimed);
  const lines = writeBacklog(session.log('old'), large, backlogBytes);
  session.start(tailer);
  let written = 1;
  const load = await session.during(async () => {
    while (session.arrivals.count === 0) await setTimeout(5);
    while (session.arrivals.of(large) < lines) await pace(100, 10, () => append(written++));
  });
  return { load, lost: await session.arrived(lines + written) };
}

/** 100 files that get ten lines a second each, and are renamed away and made anew once a second. */
async function rotating(session: Session, tailer: Tailer, { seconds }: Sizes): Promise<Result> {
  const files = 100;
  await following(session, tailer, files);
  const lines = files * 10 * seconds;
  const load = await session.during(() =>
    pace(files * 10, lines, (index) => {
      const file = index % files;
      const line = 1 + Math.floor(index / files);
      const path = session.log(file);
      // Not all at the same moment.
      if (line % 10 === file % 10) for (const age of [1, 0]) rename(path, age);
      appendFileSync(path, stamped(file, line));
    }),
  );
  return { load, lost: await session.arrived(files + lines) };
}

export const scenes = { idle, active, backlog, rotating } satisfies Record<string, Scene>;
export type SceneName = keyof typeof scenes;

/** Makes files 0 to `files` with a line each, and starts. @returns how many of the lines did not come */
function following(session: Session, tailer: Tailer, files: number): Promise<number> {
  for (let file = 0; file < files; file++) writeFileSync(session.log(file), stamped(file, 0, untimed));
  session.start(tailer);
  return session.arrived(files);
}

/** @returns how many lines */
function writeBacklog(path: string, source: number, bytes: number): number {
  const file = openSync(path, 'w');
  let lines = 0;
  for (let written = 0; written < bytes; ) {
    const text = Array.from({ length: 5000 }, () => stamped(source, lines++, untimed)).join('');
    written += writeSync(file, text);
  }
  closeSync(file);
  return lines;
}

/** As logrotate does, outside the pattern. */
function rename(path: string, age: number): void {
  const name = (generation: number) => (generation === 0 ? path : `${path}.${generation}`);
  try {
    renameSync(name(age), name(age + 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
