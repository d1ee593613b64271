/** What is in the race, with why it is out. */
export interface Loss<Entrant> {
  readonly entrant: Entrant;
  readonly error: unknown;
}

/** Nobody has won. */
export class AllLost<Entrant> extends Error {
  readonly losses: readonly Loss<Entrant>[];

  constructor(losses: readonly Loss<Entrant>[]) {
    super('all have failed');
    this.losses = losses;
  }
}

export interface RaceParts<Entrant, Prize extends { close(): void }> {
  readonly entrants: readonly Entrant[];
  /** Milliseconds after which the next one starts, although the one before has not failed. */
  readonly stagger: number;
  /** Ends the race; its reason is the error of those that are still in it. */
  readonly signal: AbortSignal;
  run(entrant: Entrant, signal: AbortSignal): Promise<Prize>;
}

/**
 * Starts one after the other, each when the one before has failed or has been slow, and resolves with what the first gives
 * that succeeds. The others are aborted, and what they give is closed.
 *
 * @throws AllLost; the signal's reason where it had no time at all
 */
export async function race<Entrant, Prize extends { close(): void }>(parts: RaceParts<Entrant, Prize>): Promise<Prize> {
  const { entrants, stagger, signal, run } = parts;
  signal.throwIfAborted();
  const over = new AbortController();
  const any = AbortSignal.any([signal, over.signal]);
  const losses: Loss<Entrant>[] = [];
  const finish = Promise.withResolvers<Prize>();
  let won = false;
  let next = 0;
  let timer: NodeJS.Timeout | undefined;

  const start = () => {
    clearTimeout(timer);
    if (won || next === entrants.length || any.aborted) return;
    const entrant = entrants[next++]!;
    timer = setTimeout(start, stagger);
    run(entrant, any).then(
      (prize) => {
        if (won || any.aborted) prize.close();
        if (won) return;
        if (any.aborted) return lose(entrant, any.reason);
        won = true;
        finish.resolve(prize);
      },
      (error: unknown) => lose(entrant, error),
    );
  };
  const lose = (entrant: Entrant, error: unknown) => {
    losses.push({ entrant, error });
    start();
    // Those that never started because it was too late lose as the others do.
    if (losses.length === next && (next === entrants.length || any.aborted)) {
      for (const late of entrants.slice(next)) losses.push({ entrant: late, error });
      finish.reject(new AllLost(losses));
    }
  };

  start();
  try {
    return await finish.promise;
  } finally {
    clearTimeout(timer);
    over.abort(new Error('another endpoint was faster'));
  }
}
