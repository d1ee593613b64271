import { sleep } from '@logcatch/plugin-api';
import { backoff } from './backoff.ts';
import { SendFailure } from './failure.ts';
import { type Flight, Flights } from './flights.ts';
import { restMs } from './hold.ts';
import { countAcknowledged, countFailure, type LaneFigures, newFigures } from './lane-figures.ts';
import type { LaneSettings } from './lane-settings.ts';
import { Progress } from './progress.ts';
import { rules } from './rules.ts';
import type { Stamp } from './sender.ts';
import { giveBack, halve, type Part, refuse, type Slice, writtenAt } from './slice.ts';
import { Waiting } from './waiting.ts';

/** How often in a row a broker must find the sequence wrong before we believe that it has lost our state. */
const staleLimit = 3;

/**
 * The way to one topic-partition: a queue of slices, record batches on their way, sent until they are answered. What makes
 * it lose and repeat nothing: a record batch gets its bytes and its sequence number once, and while it may have been
 * appended it goes again as it is, so that the broker knows it. After any failure nothing new goes before all that is on
 * its way is answered; then the lowest goes again, alone, until it is acknowledged. See also {@link Rules}.
 *
 * A lane that is stuck keeps only what may have been appended: the sources of all else wait, not their records in memory.
 */
export class Lane<Payload> {
  readonly topic: string;
  readonly partition: number;
  readonly figures: LaneFigures;
  readonly progress: Progress;
  readonly #settings: LaneSettings<Payload>;
  readonly #flights: Flights<Payload>;
  readonly #waiting: Waiting;
  /** Asking for a producer id, or pausing after a failure. */
  #busy = false;
  #stale = 0;
  #usedAt = performance.now();
  #sentAt = 0;
  #closed: { readonly reason: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rest = new AbortController();

  /**
   * @param stamp where an earlier lane of this partition ended
   * @param before the one that was abandoned: what it holds up is held up until this one works
   */
  constructor(
    topic: string,
    partition: number,
    settings: LaneSettings<Payload>,
    { stamp, before }: { readonly stamp?: Stamp | undefined; readonly before?: Lane<Payload> } = {},
  ) {
    this.topic = topic;
    this.partition = partition;
    this.#settings = settings;
    this.#waiting = new Waiting(settings.linger, settings.batchBytes);
    this.#flights = new Flights(settings.inFlight, settings.rules ?? rules, stamp);
    this.figures = before?.figures ?? newFigures();
    const leader = () => settings.leader?.(topic, partition);
    this.progress = before?.progress.stuck ? before.progress : new Progress(this.name, settings.troubles, leader);
    if (this.progress !== before?.progress) before?.progress.end();
    if (this.progress.holding) void this.#pause(this.progress.reason);
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  /** Whether its last two attempts failed: new records had better go elsewhere, where that is allowed. */
  get failing(): boolean {
    return this.progress.failures > 1;
  }

  /** Whether a record batch is filling: there are records, but not enough for one. */
  get filling(): boolean {
    return this.#waiting.filling;
  }

  /** Bytes that wait, about. */
  get queued(): number {
    return this.#waiting.bytes;
  }

  /** Record batches on their way, or about to go again. */
  get inFlight(): number {
    return this.#flights.all.length;
  }

  /** How long it has had nothing to do, in ms. */
  get idleFor(): number {
    return this.#empty && !this.progress.holding ? performance.now() - this.#usedAt : 0;
  }

  /** Where a later lane of this partition may go on, once this one is idle. */
  get stamp(): Stamp | undefined {
    return this.#flights.stamp;
  }

  get #empty(): boolean {
    return this.#flights.empty && this.#waiting.empty;
  }

  push(slice: Slice): void {
    this.#usedAt = performance.now();
    if (this.#closed) {
      slice.returned(0, slice.batch.count, this.#closed.reason);
      return;
    }
    // A stuck lane without records takes one slice to try with.
    const taken = !this.progress.stuck || (this.#empty && !this.progress.holding);
    this.#waiting.push(slice);
    if (taken) this.#pump();
    else this.look();
  }

  /** Gives back what is not on its way of this slice. What is stays until it is answered, or the lane closes. */
  withdraw(slice: Slice, reason: unknown): void {
    const sent = this.#flights.all.some(({ parts }) => parts.some((part) => part.slice === slice));
    this.#waiting.withdraw(slice, sent, reason);
  }

  /** Ends a pause after a failure: it may work again. */
  nudge(): void {
    this.#rest.abort();
  }

  /** To be called every now and then: a lane that is stuck gives back what it has not sent, and one without records begins anew. */
  look(): void {
    const { progress } = this;
    if (this.#closed) return;
    if (progress.holdExpired) this.#endHold();
    if (this.idleFor >= restMs) progress.made(false);
    if (!progress.stuck) return;
    const { reason } = progress;
    const { deadLetterAfter = Number.POSITIVE_INFINITY } = this.#settings;
    if (progress.stalledFor >= deadLetterAfter) {
      refuse(this.#waiting.clear(), reason.refusal(`${this.name} is stuck`));
      this.#endHold();
    }
    const { giveUp } = this.#settings;
    if (giveUp) {
      if (!this.#tried) return;
      this.void(reason);
      if (this.#settings.elsewhere?.(this.topic)) this.#endHold();
      giveUp(reason);
      return;
    }
    for (const slice of this.#waiting.takeWhole()) slice.returned(0, slice.batch.count, progress.hold(reason));
    if (this.#settings.elsewhere?.(this.topic)) this.#endHold();
  }

  /** Its sources come again, those that still have records for it. */
  #endHold(): void {
    if (!this.progress.holding) return;
    this.progress.endHold();
    this.#usedAt = performance.now();
  }

  /** Gives back everything, also what may have been appended, and sends nothing any more. */
  close(reason: unknown): void {
    this.#abandon(reason);
    this.progress.end();
  }

  /** The transaction is void. Where a lane is stuck all the same, its sources wait, so that the next one is not void for it. */
  void(reason: unknown): void {
    const { progress } = this;
    this.#abandon(progress.stuck && this.#tried ? progress.hold(progress.reason) : reason);
  }

  /** As {@link close}, but sources that it holds up go on waiting, for the lane that comes after it. */
  #abandon(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = { reason };
    clearTimeout(this.#timer);
    this.#rest.abort();
    this.#giveBack(reason);
  }

  /** Whether there was an attempt with what it has, and that has failed, or has had its time. */
  get #tried(): boolean {
    if (this.#empty) return false;
    return this.#busy || performance.now() - this.#sentAt >= this.progress.patience;
  }

  #giveBack(reason: unknown): void {
    giveBack([...this.#flights.dissolve().flatMap(({ parts }) => parts), ...this.#waiting.clear()], reason);
  }

  /** Sends what may go now, and sees to it that what lingers goes in time. */
  #pump(): void {
    if (this.#closed || this.#busy) return;
    if (!this.#flights.stamp && this.#due === 0) {
      void this.#identify();
      return;
    }
    while (this.#flights.open) {
      const flight = this.#flights.next ?? this.#assemble();
      if (!flight) break;
      void this.#send(flight);
    }
    // Also when it has become due just now; but while the window is closed an answer comes first.
    const due = this.#due;
    const open = this.#flights.open || !this.#flights.stamp;
    if (open && due !== undefined) this.#timer ??= setTimeout(() => this.#lingered(), due);
  }

  /** When the next record batch is to go, in ms from now. What a stuck lane tries with goes at once. */
  get #due(): number | undefined {
    const { due } = this.#waiting;
    return due && this.progress.stuck ? 0 : due;
  }

  #lingered(): void {
    this.#timer = undefined;
    this.#pump();
  }

  async #identify(): Promise<void> {
    this.#busy = true;
    this.progress.began();
    try {
      this.#flights.identified(await this.#settings.sender.identify(this.#flights.fresh));
      this.#goOn();
    } catch (error) {
      await this.#pause(SendFailure.from(error));
    }
  }

  #assemble(): Flight<Payload> | undefined {
    if (this.#due !== 0) return undefined;
    const builder = this.#settings.encoding.builder(this.#waiting.limit);
    const parts = this.#waiting.take(({ slice, from, to }) => builder.append(slice.batch, from, to));
    return this.#flights.add(parts, builder);
  }

  async #send(flight: Flight<Payload>): Promise<void> {
    if (flight.failure) {
      this.figures.retries++;
      this.#settings.retried?.();
    }
    this.#flights.sent(flight);
    this.#sentAt = performance.now();
    this.progress.began();
    try {
      const records = await flight.records;
      const offset = await this.#settings.sender.send(this.topic, this.partition, records);
      if (this.#closed) return;
      // At once, so that the next record batch is made in the same memory, which is still in the processor's cache.
      this.#settings.encoding.release(records.payload);
      if (this.#flights.acknowledged(flight)) this.#progressed();
      countAcknowledged(this.figures, flight, performance.now() - flight.began);
      writtenAt(flight.parts, offset);
    } catch (error) {
      if (this.#closed) return;
      const failure = SendFailure.from(error);
      this.#flights.failed(flight, failure);
      countFailure(this.figures, failure.answer ?? failure.code);
    }
    const head = this.#flights.failedHead;
    if (head) await this.#recover(head, head.failure!);
    else this.#pump();
  }

  #progressed(): void {
    const failed = this.progress.failures > 0;
    this.#stale = 0;
    this.#usedAt = performance.now();
    if (this.#flights.empty) this.#waiting.landed();
    this.progress.made(!this.#empty);
    if (failed) this.#settings.recovered?.();
  }

  /** Everything that was on its way is answered, and the lowest of what is left has failed. */
  async #recover(head: Flight<Payload>, failure: SendFailure): Promise<void> {
    if (failure.remedy === 'give back') {
      this.#giveBack(failure.toError());
      this.progress.made(false);
    } else if (failure.remedy === 'shrink' || failure.remedy === 'bisect') {
      this.#divide(head, failure);
      this.#pump();
    } else {
      if (failure.remedy === 'restamp' && ++this.#stale >= staleLimit) this.#renew(failure);
      else if (this.#flights.doubtful) this.#flights.again();
      // Surely not appended: these may be given back, and their payloads need not be kept.
      else this.#putBack(this.#flights.dissolve());
      await this.#pause(failure);
    }
  }

  /** The broker refused the record batch as it is: smaller ones; a record that is alone can never be written. */
  #divide(head: Flight<Payload>, failure: SendFailure): void {
    const { parts, count, bytes } = head;
    // However often it was sent: the broker does not take it. But what follows may fit once the gap is closed.
    head.unknown = false;
    const flights = this.#flights.dissolve();
    if (count === 1) {
      this.#putBack(flights, []);
      this.progress.made(!this.#empty);
      refuse(parts, failure.refusal(`a record of ${bytes} bytes for ${this.name}`));
    } else if (failure.remedy === 'shrink') {
      this.#waiting.shrink(bytes);
      this.#putBack(flights);
    } else this.#putBack(flights, halve(parts, count >> 1));
  }

  /** The broker has lost what it knew of our producer: a new one, for this lane only. */
  #renew(failure: SendFailure): void {
    const flights = this.#flights.renew();
    const repeated = flights.reduce((sum, { unknown, count }) => sum + (unknown ? count : 0), 0);
    const warning = repeated > 0 ? `; up to ${repeated} records may be repeated` : '';
    this.#settings.log.warn(`${this.name}: ${failure.message}; going on with a new producer id${warning}`);
    this.#putBack(flights);
    this.#stale = 0;
    this.figures.resets++;
  }

  /** Lets records wait again, each flight's in a group of its own. @param head what takes the place of the first one */
  #putBack(flights: readonly Flight<Payload>[], head?: readonly (readonly Part[])[]): void {
    const groups = flights.map(({ parts }) => parts);
    if (head) groups.splice(0, 1, ...head);
    this.#waiting.putBack(groups);
    for (const { records } of flights) void records.then(({ payload }) => this.#settings.encoding.release(payload));
  }

  async #pause(failure: SendFailure): Promise<void> {
    if (this.#closed) return;
    this.#busy = true;
    const failures = this.progress.failed(failure);
    this.look();
    this.#rest = new AbortController();
    await sleep((this.#settings.backoff ?? backoff)(failures), this.#rest.signal);
    if (!this.#closed) this.#goOn();
  }

  #goOn(): void {
    this.#busy = false;
    if (this.#empty && this.progress.holding) void this.#probe();
    else this.#pump();
  }

  /** With nothing to try with, finds out whether sources had better come again. */
  async #probe(): Promise<void> {
    this.#busy = true;
    try {
      await this.#settings.sender.ready(this.topic, this.partition);
      this.#endHold();
      this.#goOn();
    } catch (error) {
      await this.#pause(SendFailure.from(error));
    }
  }
}
