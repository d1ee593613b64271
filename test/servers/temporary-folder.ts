import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guard } from './guard.ts';

/** A temporary folder that goes with this process, however that ends. */
export class TemporaryFolder {
  readonly path: string;
  readonly #guard: Guard;

  constructor(prefix: string) {
    this.path = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
    this.#guard = new Guard(this.path);
  }

  remove(): Promise<void> {
    return this.#guard.release();
  }
}
