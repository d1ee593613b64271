import { setImmediate } from 'node:timers/promises';
import { LogcatchError, messageOf, type Status } from '@logcatch/plugin-api';
import type { EndedSource } from './ended-sources.ts';
import type { SourceRow } from './source-row.ts';
import type { Store } from './store.ts';

/** Milliseconds between a position's move and its way to disk. */
const interval = 200;
/** Milliseconds between looks for what can be forgotten. The first comes when inputs have had time to find their files again. */
const staleInterval = 3_600_000;
/** Rows a commit, so that many moving sources do not hold up the event loop. */
const slice = 500;

export interface CheckpointerEvents {
  checkpointed(sources: number): void;
  /** Called with the error when writing fails, and with null when it works again. */
  trouble(error: LogcatchError | null): void;
}

/** Writes rows that changed, some time after they did. A disk that refuses them stops no shipping: it is tried again. */
export class Checkpointer {
  /** Called when a row is forgotten: no input has had it open for long. */
  onForget: (row: SourceRow) => void = () => {};
  readonly #store: Store;
  readonly #events: CheckpointerEvents;
  readonly #dirty = new Set<SourceRow>();
  #ended: EndedSource[] = [];
  /** What can be forgotten is to be looked for. */
  #forgetDue = false;
  readonly #forgetting: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #trouble: Status | undefined;

  constructor(store: Store, events: CheckpointerEvents) {
    this.#store = store;
    this.#events = events;
    store.onRepair = (error) => events.trouble(error);
    this.#forgetting = setInterval(() => {
      this.#forgetDue = true;
      this.#schedule();
    }, staleInterval);
    this.#forgetting.unref();
  }

  /** Why nothing comes to disk; undefined while all does. */
  get trouble(): Status | undefined {
    return this.#trouble;
  }

  changed(row: SourceRow): void {
    this.#dirty.add(row);
    this.#schedule();
  }

  /** Writes one row at once. */
  saveNow(row: SourceRow): void {
    try {
      this.#store.save([row]);
      this.#dirty.delete(row);
    } catch {
      // The flush tries again, and tells.
      this.changed(row);
      row.refused = true;
      row.reader?.stored();
    }
  }

  /** The source has ended. What was seen of it and has not settled is abandoned. */
  end(row: SourceRow, how: string): EndedSource {
    const ended = this.#store.end(row, how);
    this.#dirty.delete(row);
    this.#ended.push(ended);
    this.#schedule();
    return ended;
  }

  /** Resolves when everything that changed before the call is on disk, or could not be written. */
  async flush(): Promise<void> {
    await this.#flushing;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#write();
    await this.#flushing;
    this.#flushing = undefined;
    if (this.#forgetDue || this.#dirty.size > 0 || this.#ended.length > 0) this.#schedule();
  }

  close(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#forgetting);
  }

  #forget(): void {
    for (const row of this.#store.stale()) {
      this.end(row, 'forgotten');
      this.onForget(row);
    }
    this.#forgetDue = false;
  }

  #failed(error: unknown): void {
    const message = `positions cannot be written, and a restart now would repeat records: ${messageOf(error)}`;
    const known = new LogcatchError('LC_STATE_WRITE', message, { cause: error });
    const { code, hint } = known;
    const since = this.#trouble?.since ?? Date.now();
    this.#trouble = { state: 'degraded', reason: `${code} ${message}`, hint, since };
    this.#events.trouble(known);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => void this.flush(), interval);
  }

  async #write(): Promise<void> {
    try {
      let written = 0;
      const rows = [...this.#dirty];
      for (let i = 0; i < rows.length; i += slice) {
        if (i > 0) await setImmediate();
        const part = rows.slice(i, i + slice).filter((row) => this.#dirty.has(row));
        this.#store.save(part);
        for (const row of part) this.#dirty.delete(row);
        written += part.length;
      }
      if (this.#forgetDue) this.#forget();
      if (this.#ended.length > 0) {
        this.#store.writeEnded(this.#ended);
        this.#ended = [];
      }
      if (this.#trouble) this.#events.trouble(null);
      this.#trouble = undefined;
      if (written > 0) this.#events.checkpointed(written);
    } catch (error) {
      this.#failed(error);
    }
  }
}
