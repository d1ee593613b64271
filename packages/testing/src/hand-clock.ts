interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes only when it is told to: for components that are given their clock. */
export class HandClock {
  #now = 0;
  #timers: Timer[] = [];

  /** Milliseconds since it was made. */
  now(): number {
    return this.#now;
  }

  /** Milliseconds since 1970. */
  wallTime(): number {
    return 1_700_000_000_000 + this.#now;
  }

  /** Runs something once, after so many milliseconds; returns what calls it off. */
  after(delay: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delay), run };
    let index = this.#timers.length;
    while (index > 0 && this.#timers[index - 1]!.at > timer.at) index--;
    this.#timers.splice(index, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  /** Gives other work its turn. */
  async turn(): Promise<void> {}

  /** Lets so many milliseconds pass; all that is due then is done when it returns. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (let next = this.#timers[0]; next && next.at <= end; next = this.#timers[0]) {
      this.#now = Math.max(this.#now, next.at);
      while (this.#timers[0] && this.#timers[0].at <= this.#now) this.#timers.shift()!.run();
      await settled();
    }
    this.#now = end;
  }
}

/** All promises that can go on have gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
