import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Batch, LogcatchError, type Refused } from '@logcatch/plugin-api';

/** Bytes the file may reach. Full, it takes nothing more, and the sources concerned stop: never a silent drop. */
const limit = 64 << 20;

/**
 * Records that can never be written, one JSON object a line, with reason and origin. Values that are not valid UTF-8 stand
 * as base64 under `value_base64`.
 */
export class DeadLetters {
  readonly path: string;
  /** Records added by this process. */
  count = 0;
  readonly #limit: number;

  constructor(dataDir: string, bytes = limit) {
    this.path = join(dataDir, 'dead-letters.jsonl');
    this.#limit = bytes;
  }

  /** Resolves when the records are on disk. @throws LC_DEAD_LETTERS_FULL, or what the disk says */
  async add(output: string, batch: Batch, refused: readonly Refused[]): Promise<void> {
    const text = refused.map((record) => `${JSON.stringify(entry(output, batch, record))}\n`).join('');
    const size = await stat(this.path).then(
      (stats) => stats.size,
      () => 0,
    );
    if (size + text.length > this.#limit) {
      throw new LogcatchError('LC_DEAD_LETTERS_FULL', `${this.path} has reached ${this.#limit} bytes`);
    }
    const file = await open(this.path, 'a', 0o600);
    try {
      await file.appendFile(text);
      await file.datasync();
      this.count += refused.length;
    } finally {
      await file.close();
    }
  }
}

function entry(output: string, batch: Batch, { index, reason }: Refused) {
  const bytes = batch.bytes(index);
  const text = bytes.toString('utf8');
  const exact = Buffer.from(text).equals(bytes);
  return {
    time: new Date().toISOString(),
    output,
    code: reason.code,
    reason: reason.message,
    input: batch.source.input,
    path: batch.source.path,
    offset: batch.offset(index),
    attributes: batch.attributes,
    ...(exact ? { value: text } : { value_base64: bytes.toString('base64') }),
  };
}
