/** Who reads: a file of which little is unread, or one with a backlog. */
export type Lane = 'live' | 'backlog';

/** Of this many turns one is the backlog's, however much there is live. */
export const backlogShare = 4;

/**
 * The reads of all inputs of the process: a few at a time, as Node has four threads for them. What is live goes first: behind
 * the backlogs of a thousand files one line would wait for seconds.
 */
export class ReadSlots {
  readonly #waiting: Record<Lane, (() => void)[]> = { live: [], backlog: [] };
  #free: number;
  #turn = 0;

  constructor(slots = 4) {
    this.#free = slots;
  }

  /** Does the work when it is its turn. */
  async use<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting[lane].push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#next();
      if (next) next();
      else this.#free++;
    }
  }

  #next(): (() => void) | undefined {
    const { live, backlog } = this.#waiting;
    const first = ++this.#turn % backlogShare === 0 ? backlog : live;
    return first.shift() ?? live.shift() ?? backlog.shift();
  }
}
