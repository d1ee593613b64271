import type { Logger } from '@logcatch/plugin-api';

/** Records that an output has not written, because it is not required and was full or failing. */
export class Dropped {
  readonly #log: Logger;
  #records = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(records: number): void {
    this.#records += records;
    this.#log.warn('records are not written here: the output is not required, and full or failing');
  }

  /** How many they were, at the end. */
  tell(): void {
    if (this.#records === 0) return;
    this.#log.warn(`${this.#records} records were not written here: it is not required, and was full or failing`);
  }
}
