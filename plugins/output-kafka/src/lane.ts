import { LogcatchError, type Logger } from '@logcatch/plugin-api';
import { backoff } from './backoff.ts';
import { SendFailure } from './failure.ts';
import { anonymous, type Encoding, type Producer, type RecordBatch, type Sender } from './sender.ts';
import { halve, type Part, type Slice } from './slice.ts';
import { Waiting } from './waiting.ts';

export interface LaneSettings<Payload> {
  readonly sender: Sender<Payload>;
  readonly encoding: Encoding<Payload>;
  /** Longest wait for more records, in ms. */
  readonly linger: number;
  /** Largest record batch, in bytes. */
  readonly batchBytes: number;
  readonly troubles: { set(name: string, failure: SendFailure): void; clear(name: string): void };
  readonly log: Pick<Logger, 'warn'>;
  /** Called when a lane that failed works again: what held it up may be over for others too. */
  readonly recovered?: () => void;
  /** The pause after the n-th failure in a row, in ms. */
  readonly backoff?: (n: number) => number;
}

interface Flight<Payload> {
  readonly parts: readonly Part[];
  readonly count: number;
  readonly records: Promise<RecordBatch<Payload>>;
  readonly bytes: number;
  /** An earlier attempt may have been appended: from then on only the identical records may go. */
  unknown: boolean;
}

/** Sequence numbers are 31 bits wide and begin again at 0. */
const sequenceMask = 0x7fffffff;
/** How often in a row a broker must find the sequence wrong before we believe that it has lost our state. */
const staleLimit = 3;
/** A failing lane is told to people after this long, in ms; the moves of a leader are over by then. */
const patienceMs = 1000;

/**
 * The way to one topic-partition: a queue of slices, one record batch on its way, sent until it is answered. What makes it
 * lose and repeat nothing: nothing else goes to the partition before, and while it may have been appended it goes again as
 * it is, with the same sequence number, so that the broker knows it.
 */
export class Lane<Payload> {
  readonly topic: string;
  readonly partition: number;
  readonly #settings: LaneSettings<Payload>;
  readonly #waiting: Waiting;
  /** Slices that were withdrawn while they were on their way, and why. */
  readonly #unwanted = new Map<Slice, unknown>();
  #flight: Flight<Payload> | undefined;
  #producer: Producer | undefined;
  #fresh = false;
  #sequence = 0;
  #limit: number;
  #failures = 0;
  #stale = 0;
  #since: number | undefined;
  #running = false;
  #closed: { readonly reason: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  constructor(topic: string, partition: number, settings: LaneSettings<Payload>) {
    this.topic = topic;
    this.partition = partition;
    this.#settings = settings;
    this.#limit = settings.batchBytes;
    this.#waiting = new Waiting(settings.linger);
  }

  get name(): string {
    return `${this.topic}-${this.partition}`;
  }

  /** Whether its last two attempts failed: new records had better go elsewhere, where that is allowed. */
  get failing(): boolean {
    return this.#failures > 1;
  }

  /** Whether a record batch is filling: there are records, but not enough for one. */
  get filling(): boolean {
    return !this.#waiting.empty && this.#waiting.bytes < this.#limit;
  }

  push(slice: Slice): void {
    if (this.#closed) slice.returned(0, slice.batch.count, this.#closed.reason);
    else this.#waiting.push(slice);
    this.#schedule();
  }

  /** Gives back what is not on its way of this slice. What is stays until it is answered, or the lane closes. */
  withdraw(slice: Slice, reason: unknown): void {
    if (this.#flight?.parts.some((part) => part.slice === slice)) this.#unwanted.set(slice, reason);
    for (const { from, to } of this.#waiting.remove(slice)) slice.returned(from, to, reason);
  }

  /** Ends a pause after a failure: it may work again. */
  nudge(): void {
    this.#wake?.();
  }

  /** Gives back everything, also what may have been appended, and sends nothing any more. */
  close(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = { reason };
    clearTimeout(this.#timer);
    this.#wake?.();
    this.#settings.troubles.clear(this.name);
    this.#giveBack(reason);
  }

  #giveBack(reason: unknown): void {
    const parts = [...(this.#flight?.parts ?? []), ...this.#waiting.clear()];
    this.#flight = undefined;
    for (const { slice, from, to } of parts) slice.returned(from, to, reason);
  }

  #schedule(): void {
    if (this.#running || this.#closed) return;
    const delay = this.#waiting.due(this.#limit);
    if (delay === undefined) return;
    if (delay > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#schedule();
      }, delay);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (!this.#closed && (this.#flight || this.#waiting.due(this.#limit) === 0)) {
      this.#since ??= performance.now();
      try {
        await this.#attempt();
      } catch (error) {
        if (!this.#closed) await this.#recover(SendFailure.from(error));
      }
    }
    this.#running = false;
    if (this.#waiting.empty) this.#landed();
    this.#schedule();
  }

  async #attempt(): Promise<void> {
    this.#producer ??= await this.#settings.sender.identify(this.#fresh);
    if (this.#closed) return;
    this.#flight ??= this.#assemble(this.#producer);
    const flight = this.#flight;
    if (!flight) return;
    const { sender, recovered } = this.#settings;
    let offset = await sender.send(this.topic, this.partition, await flight.records);
    if (this.#closed) return;
    this.#sequence = (this.#sequence + flight.count) & sequenceMask;
    this.#release(flight);
    const failed = this.#failures > 0;
    this.#landed();
    if (failed) recovered?.();
    for (const { slice, from, to } of flight.parts) {
      slice.written(from, to, offset);
      if (offset !== undefined) offset += BigInt(to - from);
    }
  }

  #assemble(producer: Producer): Flight<Payload> | undefined {
    const builder = this.#settings.encoding.builder(this.#limit);
    const parts = this.#waiting.take(({ slice, from, to }) => builder.append(slice.batch, from, to));
    if (parts.length === 0) return undefined;
    const count = parts.reduce((sum, { from, to }) => sum + to - from, 0);
    const sequence = producer === anonymous ? -1 : this.#sequence;
    const { bytes } = builder;
    const finished = builder.finish(producer, sequence);
    const records = finished.then((payload) => ({ producer, sequence, count, payload }));
    return { parts, count, records, bytes, unknown: false };
  }

  /** Nothing is on its way: the next record batch begins as if nothing had ever failed. */
  #landed(): void {
    this.#flight = undefined;
    this.#unwanted.clear();
    this.#failures = 0;
    this.#stale = 0;
    this.#since = undefined;
    this.#settings.troubles.clear(this.name);
  }

  async #recover(failure: SendFailure): Promise<void> {
    const flight = this.#flight;
    if (flight && (failure.remedy === 'shrink' || failure.remedy === 'bisect')) return this.#divide(flight, failure);
    if (failure.remedy === 'give back') return this.#giveBack(failure.toError());
    if (failure.remedy === 'restamp' && ++this.#stale >= staleLimit) this.#renew(failure);
    else if (flight) {
      flight.unknown ||= failure.unknown;
      // Surely not appended: its records may be given back, and its payload need not be kept through an outage.
      if (!flight.unknown) this.#dissolve(flight);
    }
    const visible = failure.code !== 'LC_OUTPUT_FAILED' && failure.code !== 'LC_OUTPUT_UNREACHABLE';
    if (visible || performance.now() - this.#since! >= patienceMs) this.#settings.troubles.set(this.name, failure);
    await this.#pause((this.#settings.backoff ?? backoff)(this.#failures++));
  }

  /** The broker refused the record batch as it is: smaller ones; a record that is alone can never be written. */
  #divide(flight: Flight<Payload>, failure: SendFailure): void {
    const { parts, count, bytes } = flight;
    if (count === 1) {
      const { slice, from } = parts[0]!;
      const text = `a record of ${bytes} bytes for ${this.name}: ${failure.message}`;
      const reason = new LogcatchError(
        'LC_RECORD_REFUSED',
        text,
        failure.hint === undefined ? {} : { hint: failure.hint },
      );
      this.#release(flight);
      this.#landed();
      slice.refused(from, reason);
    } else if (failure.remedy === 'shrink') {
      this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, bytes) / 2));
      this.#dissolve(flight);
    } else {
      const [first, second] = halve(parts, count >> 1);
      this.#dissolve(flight, first, second);
    }
  }

  /** The broker has lost what it knew of our producer: a new one, for this lane only. */
  #renew(failure: SendFailure): void {
    this.#producer = undefined;
    this.#fresh = true;
    this.#sequence = 0;
    this.#stale = 0;
    const flight = this.#flight;
    if (!flight) return;
    const repeated = flight.unknown ? `; up to ${flight.count} records may be repeated` : '';
    this.#settings.log.warn(`${this.name}: ${failure.message}; going on with a new producer id${repeated}`);
    this.#dissolve(flight);
  }

  /** Back to what waits, in these groups; what was withdrawn meanwhile is given back. */
  #dissolve(flight: Flight<Payload>, ...groups: readonly (readonly Part[])[]): void {
    this.#flight = undefined;
    this.#release(flight);
    for (const group of groups.length > 0 ? groups.toReversed() : [flight.parts]) {
      this.#waiting.putBack(group.filter(({ slice }) => !this.#unwanted.has(slice)));
    }
    for (const { slice, from, to } of flight.parts) {
      if (this.#unwanted.has(slice)) slice.returned(from, to, this.#unwanted.get(slice));
    }
  }

  #release(flight: Flight<Payload>): void {
    void flight.records.then(({ payload }) => this.#settings.encoding.release(payload));
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
