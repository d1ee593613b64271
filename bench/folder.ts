import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guard } from '../test/servers/guard.ts';

/** A temporary folder that goes with this process, however it ends. */
export class BenchFolder {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'logcatch-bench-')));
  readonly #guard = new Guard(this.path);

  remove(): Promise<void> {
    return this.#guard.release();
  }
}
