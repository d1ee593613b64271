import {
  type Batch,
  type LogcatchError,
  type Output,
  type OutputDefinition,
  type Receipt,
  type Refused,
  Rejected,
  type Verdict,
} from '@logcatch/plugin-api';
import type { Delivery } from './delivery.ts';
import { Gate } from './gate.ts';
import { Node, type Target } from './node.ts';
import { delay, pause, restartBackoff, writeBackoff } from './supervisor.ts';

/** Bytes that an output which is not required may hold back: beyond that its records are dropped and counted. */
const optionalQueueBytes = 1 << 20;
/** Milliseconds between looks at dead letters that were full. */
const fullBackoff = 5_000;

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
}

/** Queues deliveries for an output and writes them, again and again until they are written or refused for good. */
export class OutputNode extends Node implements Target {
  readonly kind = 'output';
  readonly #stopping = new AbortController();
  readonly #gate = new Gate();
  readonly #waiters: Waiter[] = [];
  readonly #writing = new Set<Promise<void>>();
  readonly #aborts = new Set<() => void>();
  readonly #leftOver: Delivery[] = [];
  #queue: Delivery[] = [];
  #instance: Output | undefined;
  #active = 0;
  /** When a write last ended, or the first of those under way began. */
  #finishedAt = 0;
  #records = 0;
  #bytes = 0;
  #failing = false;
  #dropped = 0;
  readonly #tried = Promise.withResolvers<LogcatchError | undefined>();
  #running: Promise<void> | undefined;

  get required(): boolean {
    return this.component.required;
  }

  get maxRecords(): number {
    return this.required ? (this.component.maxRecords ?? Infinity) : Infinity;
  }

  /** Whether records may be read for it. */
  get ready(): boolean {
    return !this.required || !this.#gate.closed;
  }

  override get busySince(): number | undefined {
    return this.#active > 0 ? this.#finishedAt : undefined;
  }

  /** Records that were not written because it is not required and was full or failing. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Creates the instance without starting it. @throws what the plugin throws */
  build(): void {
    const definition = this.component.definition as OutputDefinition;
    this.#instance = definition.create(this.component.options, this.context());
    this.#gate.close();
  }

  start(): void {
    this.#running ??= this.#connect();
  }

  /** Starts, and resolves when that has been tried once: with why it did not work, if it did not. */
  probe(): Promise<LogcatchError | undefined> {
    this.start();
    return this.#tried.promise;
  }

  /** @throws the signal's reason when it aborts first */
  async whenReady(signal: AbortSignal): Promise<void> {
    if (this.ready) return;
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    await Promise.race([this.#gate.passed(), aborted.promise]).finally(() =>
      signal.removeEventListener('abort', abort),
    );
  }

  /** Whether so many records more find room in the queue. A batch larger than the queue is let in alone. */
  admits(count: number): boolean {
    return this.#records === 0 || this.#records + count <= this.maxRecords;
  }

  /** Resolves when {@link admits} does, in the order of the calls. */
  admitted(count: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        count,
        resolve: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  accept(delivery: Delivery): void {
    const { batch } = delivery;
    if (!this.required) {
      if (this.#failing || this.#gate.closed || this.#bytes >= optionalQueueBytes) {
        this.#drop(batch.count);
        return;
      }
      delivery.hold();
    } else delivery.expect();
    this.#records += batch.count;
    this.#bytes += batch.buffer.length;
    this.#queue.push(delivery);
    this.emit(delivery, undefined);
    this.#pump();
  }

  /**
   * Stops, and returns what it has not written and what will not come again, each still claimed: for {@link takeOver} of
   * the output that replaces it.
   */
  async stop(): Promise<Delivery[]> {
    this.supervisor.move('stopping');
    this.#stopping.abort(new Error('the output stops'));
    for (const abort of this.#aborts) abort();
    await this.#instance?.stop();
    await this.#running;
    await Promise.all(this.#writing);
    for (const delivery of this.#queue.splice(0)) this.#giveUp(delivery);
    this.supervisor.move('stopped');
    return this.#leftOver;
  }

  takeOver(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      this.accept(delivery);
      if (this.required) delivery.settle();
      else delivery.release();
    }
  }

  async #connect(): Promise<void> {
    const { signal } = this.#stopping;
    this.supervisor.move('starting');
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await this.#instance!.start(signal);
        this.supervisor.move('running');
        this.#tried.resolve(undefined);
        this.#gate.open();
        this.environment.progress.happened();
        this.#pump();
        return;
      } catch (error) {
        if (signal.aborted) return;
        const known = this.supervisor.failed('waiting', error);
        this.#tried.resolve(known);
        this.report(known);
        await pause(delay(restartBackoff, attempt), signal);
      }
    }
  }

  #pump(): void {
    const { concurrency = 1 } = this.component.definition as OutputDefinition;
    while (this.#queue.length > 0 && this.#active < concurrency && !this.#gate.closed && !this.#failing) {
      const delivery = this.#queue.shift()!;
      if (delivery.cancelled) {
        this.#done(delivery);
        continue;
      }
      if (this.#active++ === 0) this.#finishedAt = Date.now();
      const writing = this.#write(delivery).finally(() => this.#writing.delete(writing));
      this.#writing.add(writing);
    }
  }

  async #write(delivery: Delivery): Promise<void> {
    const outcome = await this.#written(delivery);
    this.#active--;
    this.#finishedAt = Date.now();
    this.#pump();
    if (outcome === 'given up') this.#giveUp(delivery);
    else if (outcome === 'written') this.#done(delivery);
    else {
      // Out of the queue: only this source waits for the dead letters.
      const settled = await this.#refuse(delivery, delivery.batch, outcome);
      if (settled) this.#done(delivery);
      else this.#giveUp(delivery);
    }
  }

  /** Writes until it is written, refused, or nobody wants it any more. */
  async #written(delivery: Delivery): Promise<'written' | 'given up' | readonly Refused[]> {
    const { signal: stopping } = this.#stopping;
    const { batch } = delivery;
    const controller = new AbortController();
    const abort = () => controller.abort(new Error('not wanted any more'));
    const forgetCancel = delivery.onCancel(abort);
    this.#aborts.add(abort);
    try {
      for (let attempt = 0; !stopping.aborted && !delivery.cancelled; attempt++) {
        try {
          const receipts = await this.#instance!.write(batch, controller.signal);
          if (this.#failing) this.#recovered();
          this.#delivered(batch, batch.count, receipts ?? []);
          return 'written';
        } catch (error) {
          if (error instanceof Rejected) {
            this.#delivered(batch, batch.count - error.records.length, error.receipts);
            return error.records;
          }
          if (controller.signal.aborted) break;
          this.#troubled(error);
          await pause(delay(writeBackoff, attempt), controller.signal);
          if (this.required) continue;
          this.#drop(batch.count);
          this.#recovered();
          break;
        }
      }
      return 'given up';
    } finally {
      forgetCancel();
      this.#aborts.delete(abort);
    }
  }

  #troubled(error: unknown): void {
    const known = this.supervisor.failed('degraded', error);
    this.report(known);
    this.#failing = true;
  }

  #recovered(): void {
    this.#failing = false;
    this.supervisor.move('running');
    this.#pump();
  }

  #delivered(batch: Batch, records: number, receipts: readonly Receipt[]): void {
    const { delivered } = this.environment.hooks;
    if (delivered.isUsed()) delivered.call({ output: this.id, source: batch.source, records, receipts });
  }

  /** Whether every record is answered for; false when the delivery stays unsettled. */
  async #refuse(delivery: Delivery, batch: Batch, refused: readonly Refused[]): Promise<boolean> {
    const { refused: hook } = this.environment.hooks;
    const byVerdict: Record<Verdict, Refused[]> = { retry: [], 'dead-letter': [], drop: [], stop: [] };
    for (const record of refused) {
      const offset = batch.offset(record.index);
      const refusal = { output: this.id, source: delivery.source, offset, reason: record.reason };
      const verdict = hook.isUsed() ? await hook.promise(refusal) : undefined;
      byVerdict[verdict ?? 'dead-letter'].push(record);
    }
    if (byVerdict['dead-letter'].length > 0 && !(await this.#bury(delivery, batch, byVerdict['dead-letter'])))
      return false;
    if (byVerdict.stop.length > 0) {
      delivery.source.pause('stopped by a plugin');
      return false;
    }
    if (byVerdict.retry.length === 0) return true;
    await pause(writeBackoff.first, this.#stopping.signal);
    const again = batch.select(Uint32Array.from(byVerdict.retry, ({ index }) => index));
    const child = delivery.child(again);
    const outcome = await this.#written(child);
    const settled = outcome === 'written' || (outcome !== 'given up' && (await this.#refuse(child, again, outcome)));
    if (settled) child.settle();
    else child.release();
    return settled;
  }

  async #bury(delivery: Delivery, batch: Batch, records: readonly Refused[]): Promise<boolean> {
    const { deadLetters } = this.environment;
    const { signal } = this.#stopping;
    while (!signal.aborted && !delivery.cancelled) {
      try {
        await deadLetters.add(this.id, batch, records);
        const { reason } = records[0]!;
        this.log.warn(`${records.length} record(s) went to the dead letters: ${reason.code} ${reason.message}`, {
          file: deadLetters.path,
          source: batch.source.path,
        });
        delivery.source.resume('dead-letters full');
        this.supervisor.degraded(null);
        return true;
      } catch (error) {
        const known = this.supervisor.explain(error);
        delivery.source.pause('dead-letters full');
        this.supervisor.degraded(`${known.code} ${known.message}`, known.hint);
        this.report(known);
        await pause(fullBackoff, signal);
      }
    }
    return false;
  }

  #drop(records: number): void {
    this.#dropped += records;
    this.log.warn('records are not written here: the output is not required, and full or failing');
  }

  /** Written or answered for. */
  #done(delivery: Delivery): void {
    if (this.required) delivery.settle();
    else delivery.release();
    this.#leave(delivery);
  }

  /** Not delivered: its position stays. What will not be read again is kept for whoever takes over. */
  #giveUp(delivery: Delivery): void {
    if (this.required && !delivery.cancelled) this.#leftOver.push(delivery);
    else delivery.release();
    this.#leave(delivery);
  }

  #leave({ batch }: Delivery): void {
    this.#records -= batch.count;
    this.#bytes -= batch.buffer.length;
    if (this.#waiters.length > 0) setImmediate(() => this.#wake());
  }

  /** Lets one in, and looks at the next when that one's batch has been counted. */
  #wake(): void {
    if (this.#waiters.length === 0 || !this.admits(this.#waiters[0]!.count)) return;
    this.#waiters.shift()!.resolve();
    setImmediate(() => this.#wake());
  }
}
