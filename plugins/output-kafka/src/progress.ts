import { SendFailure, usualPatienceMs } from './failure.ts';
import { Hold } from './hold.ts';

/** A failing lane is told to people after this long, in ms; the moves of a leader are over by then. */
const patienceMs = 1000;

export interface Tell {
  set(name: string, failure: SendFailure): void;
  clear(name: string): void;
}

/** How a lane gets on: since when there is work and no progress, and why. Tells people, and holds up sources when it is stuck. */
export class Progress {
  readonly #name: string;
  readonly #tell: Tell;
  readonly #leader: () => string | undefined;
  #since: number | undefined;
  #failure: SendFailure | undefined;
  #failures = 0;
  #hold: Hold | undefined;

  /** @param leader the address of whoever is to answer, where it is known */
  constructor(name: string, tell: Tell, leader: () => string | undefined) {
    this.#name = name;
    this.#tell = tell;
    this.#leader = leader;
  }

  /** How long there has been work and no progress, in ms. */
  get stalledFor(): number {
    return this.#since === undefined ? 0 : performance.now() - this.#since;
  }

  get stuck(): boolean {
    return this.#since !== undefined && this.stalledFor >= this.patience;
  }

  /** How long records wait in memory for progress, in ms. */
  get patience(): number {
    return this.#failure?.patience ?? usualPatienceMs;
  }

  /** Failures since the last progress. */
  get failures(): number {
    return this.#failures;
  }

  /** The last of them. */
  get failure(): SendFailure | undefined {
    return this.#failure;
  }

  /** Why there is no progress, where there is none. */
  get reason(): SendFailure {
    return this.#failure ?? silenceOf(this.#leader());
  }

  get holding(): boolean {
    return this.#hold !== undefined;
  }

  /** Whether sources have been held up for long enough without a sign of them. */
  get holdExpired(): boolean {
    return this.#hold?.expired === true;
  }

  began(): void {
    this.#since ??= performance.now();
  }

  /** @param more whether there is more to do */
  made(more: boolean): void {
    this.#since = more ? performance.now() : undefined;
    this.endHold();
    if (this.#failure) this.#tell.clear(this.#name);
    this.#failure = undefined;
    this.#failures = 0;
  }

  /** @returns how many there were before */
  failed(failure: SendFailure): number {
    this.#failure = failure;
    const visible = failure.code !== 'LC_OUTPUT_FAILED' && failure.code !== 'LC_OUTPUT_UNREACHABLE';
    if (visible || this.stalledFor >= patienceMs) this.#tell.set(this.#name, failure);
    return this.#failures++;
  }

  /** What a write is rejected with of which nothing was sent: its source waits until the hold ends. */
  hold(failure: SendFailure): Error {
    this.#failure = failure;
    this.#tell.set(this.#name, failure);
    this.#hold ??= new Hold();
    return this.#hold.toError(this.#name, failure);
  }

  endHold(): void {
    this.#hold?.end();
    this.#hold = undefined;
  }

  end(): void {
    this.endHold();
    this.#tell.clear(this.#name);
  }
}

/** What people are told when a broker just does not answer. */
function silenceOf(leader: string | undefined): SendFailure {
  const who = leader === undefined ? '' : `, ${leader},`;
  return new SendFailure('LC_OUTPUT_UNREACHABLE', `the leader of the partition${who} does not answer`);
}
