/** Milliseconds within which bytes count as come together. */
const grain = 1_000;
/** Marks of one source: beyond that neighbours are joined. */
const mostMarks = 32;

/** All bytes up to here were known to be there since then. */
interface Mark {
  end: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** When the bytes of a source that have not settled were first known to be there. Positions are bytes. */
export class Arrivals {
  #marks: Mark[] = [];

  /**
   * When the oldest of them was, milliseconds since the epoch; undefined where there is none. Never too late; too early by what lies
   * between two marks, which is a second, or more where a lot has come since.
   */
  get oldest(): number | undefined {
    return this.#marks[0]?.at;
  }

  /** The source reaches to here. */
  seen(end: number, now: number): void {
    const last = this.#marks.at(-1);
    if (last && end <= last.end) return;
    if (last && now - last.at < grain) last.end = end;
    else this.#marks.push({ end, at: now });
    if (this.#marks.length > mostMarks) this.#coarsen();
  }

  /** Everything up to here has settled. */
  settled(position: number): void {
    while (this.#marks.length > 0 && this.#marks[0]!.end <= position) this.#marks.shift();
  }

  /** Two neighbours become one, as old as the older. */
  #coarsen(): void {
    const marks = this.#marks;
    this.#marks = marks.flatMap(({ at }, index) => {
      return index % 2 === 0 ? [{ at, end: (marks[index + 1] ?? marks[index]!).end }] : [];
    });
  }
}
