import { sleep } from '@logcatch/plugin-api';
import { atMost } from '../at-most.ts';
import type { OutputNode } from '../pipeline/output-node.ts';
import { delay, restartBackoff } from '../pipeline/supervisor.ts';
import type { OutputInstance } from './output-instance.ts';

/** Milliseconds that an instance has to stop before another one takes its place. */
const stopPatience = 1_000;

export interface ConnectionParts {
  readonly node: OutputNode;
  readonly stopping: AbortSignal;
  /** @throws what the plugin throws */
  build(): OutputInstance;
  started(): void;
  startFailed(error: unknown): void;
  stopFailed(error: unknown): void;
}

/** What an output writes with: an instance that is started until that works, and another one where it broke. */
export class Connection {
  readonly #parts: ConnectionParts;
  #instance: OutputInstance | undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get instance(): OutputInstance | undefined {
    return this.#instance;
  }

  /** @throws what the plugin throws */
  build(): void {
    this.#instance = this.#parts.build();
  }

  /** Resolves when it has started, or stops. */
  async open(): Promise<void> {
    const { node, stopping, started, startFailed } = this.#parts;
    for (let attempt = 0; !stopping.aborted; attempt++) {
      try {
        if (!this.#instance) this.build();
        await this.#instance!.start(stopping);
        return started();
      } catch (error) {
        if (stopping.aborted) return;
        startFailed(error);
        await sleep(delay(restartBackoff, attempt), stopping);
        node.counters.restarts++;
      }
    }
  }

  /** The same with another instance, in the place of one that is broken. No write is under way. */
  async renew(): Promise<void> {
    const { node, stopFailed } = this.#parts;
    const stopped = this.#instance!.stop().catch(stopFailed);
    this.#instance = undefined;
    if (!(await atMost(stopPatience, stopped))) node.log.warn('did not stop in time and is left behind');
    node.counters.restarts++;
    await this.open();
  }
}
