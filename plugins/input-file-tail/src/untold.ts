import { dirname } from 'node:path';
import type { FoundFile } from './find/finder.ts';
import { fileKey } from './identity/identity.ts';
import type { InputParts } from './parts.ts';

/** New files that only the rescan finds, though their folder is watched: events of the system were lost. */
export class Untold {
  readonly #parts: InputParts;
  readonly #startedAt: number;
  #said = false;

  constructor(parts: InputParts) {
    this.#parts = parts;
    this.#startedAt = parts.process.clock.wallTime();
  }

  /** Those of a rescan that had been there for long, and that nothing kept from being opened. To be asked before they are. */
  among(fresh: readonly FoundFile[]): readonly FoundFile[] {
    const { ctx, process, troubles } = this.#parts;
    if (this.#said || ctx.once) return [];
    const { clock, folders, tuning } = process;
    const before = clock.wallTime() - tuning.rescan / 2;
    return fresh.filter(({ path, stat }) => {
      const { birth } = stat;
      const old = birth !== null && Number(birth / 1_000_000n) < before && Number(birth / 1_000_000n) > this.#startedAt;
      return old && folders.wayOf(dirname(path)) !== 'polled' && !troubles.of(path);
    });
  }

  /** Warns once, of those that are read by now. Not of archives: these are not opened before they are whole. */
  say(found: readonly FoundFile[]): void {
    const { ctx, tails } = this.#parts;
    const untold = found.filter(({ stat }) => tails.ofFile(fileKey(stat))?.whole === false);
    if (untold.length === 0) return;
    this.#said = true;
    ctx.log.warn(
      `${untold.length} new files were found by the rescan only, ${untold[0]!.path} for one: events of the system were lost. Where many files come at once, raise fs.inotify.max_queued_events`,
    );
  }
}
