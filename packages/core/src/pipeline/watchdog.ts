import type { Node } from './node.ts';

/** Milliseconds without an end of anything after which a component with work counts as hanging. */
const patience = 60_000;
const interval = 5_000;

export interface WatchdogOptions {
  readonly patience?: number;
  readonly interval?: number;
}

/** Notices components that neither progress nor fail: a plugin whose promise never settles says nothing by itself. */
export class Watchdog {
  readonly #nodes: () => Iterable<Node>;
  readonly #patience: number;
  readonly #timer: NodeJS.Timeout;
  readonly #barked = new WeakSet<Node>();

  constructor(nodes: () => Iterable<Node>, options: WatchdogOptions = {}) {
    this.#nodes = nodes;
    this.#patience = options.patience ?? patience;
    this.#timer = setInterval(() => this.#look(), options.interval ?? interval);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = Date.now();
    for (const node of this.#nodes()) {
      const { busySince, supervisor } = node;
      const hangs = busySince !== undefined && now - busySince > this.#patience;
      if (hangs && supervisor.status.state === 'running') {
        const seconds = Math.round(this.#patience / 1_000);
        supervisor.degraded(
          `it has work and has finished none of it for more than ${seconds} s`,
          'It neither progresses nor fails: look at what it writes to or waits for. Its records are safe, and are read again after a restart.',
        );
        this.#barked.add(node);
      } else if (!hangs && this.#barked.delete(node)) supervisor.degraded(null);
    }
  }
}
