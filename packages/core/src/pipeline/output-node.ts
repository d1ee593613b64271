import {
  abortable,
  type Batch,
  type Figures,
  type LogcatchError,
  type OutputDefinition,
  type Refused,
  Stuck,
} from '@logcatch/plugin-api';
import type { DesiredComponent } from '../config/index.ts';
import { Admission } from '../output/admission.ts';
import { Connection } from '../output/connection.ts';
import { Dropped } from '../output/dropped.ts';
import { OpenDeliveries } from '../output/open-deliveries.ts';
import { OutputInstance } from '../output/output-instance.ts';
import { OutputQueue } from '../output/output-queue.ts';
import { seriesOf } from '../output/output-series.ts';
import { type Entry, Parking } from '../output/parking.ts';
import { Refusals, type WriteOutcome } from '../output/refusals.ts';
import { Retries } from '../output/retries.ts';
import { StuckSources } from '../output/stuck-sources.ts';
import type { TransactionSeries } from '../output/transactions.ts';
import { Writes } from '../output/writes.ts';
import type { Delivery } from './delivery.ts';
import { Gate } from './gate.ts';
import { Node, type PipelineEnvironment, type Target } from './node.ts';
import type { TrackedSource } from './tracked-source.ts';
import { Turns } from './turns.ts';

/** Bytes that an output which is not required may hold back: beyond that its records are dropped and counted. */
const optionalQueueBytes = 4 << 20;

/** Queues deliveries for an output and writes them, again and again until they are written or refused for good. */
export class OutputNode extends Node implements Target {
  readonly kind = 'output';
  readonly #stopping = new AbortController();
  readonly #gate = new Gate();
  readonly #room = new Admission(() => this.maxRecords);
  readonly #turns = new Turns();
  readonly #writes = new Writes();
  readonly #open = new OpenDeliveries(this.required, this.#room);
  readonly #refusals = new Refusals({
    node: this,
    environment: this.environment,
    stopping: this.#stopping.signal,
    write: (delivery) => this.#writtenInTurn(delivery),
    drop: (records) => this.#drop(records),
  });
  readonly #parking = new Parking({
    again: (entries) => {
      this.#queue.putBack(entries);
      this.#pump();
    },
    gone: (delivery) => this.#giveUp(delivery),
  });
  readonly #stuckFor = new StuckSources(this.supervisor);
  readonly #queue = new OutputQueue();
  readonly #retries = new Retries();
  /** Where records and positions are committed together. */
  readonly transactions: TransactionSeries | undefined;
  readonly #connection = new Connection({
    node: this,
    stopping: this.#stopping.signal,
    build: () => this.#newInstance(),
    started: () => this.#started(),
    startFailed: (error) => this.#startFailed(error),
    stopFailed: (error) => this.report(this.supervisor.explain(error)),
  });
  readonly #dropped = new Dropped(this.log);
  #wasTried = false;
  #inPlace = false;
  #running: Promise<void> | undefined;
  #committing: Promise<void> | undefined;

  constructor(component: DesiredComponent, environment: PipelineEnvironment) {
    super(component, environment);
    this.#gate.close();
    const { transactional } = component.definition as OutputDefinition;
    if (!transactional?.(component.options)) return;
    this.transactions = seriesOf({
      node: this,
      environment,
      gate: this.#gate,
      queue: this.#queue,
      writes: this.#writes,
      output: () => this.#connection.instance!.transactions!,
      opened: () => this.#opened(),
      pump: () => this.#pump(),
      done: (delivery) => this.#open.done(delivery),
      failed: (error) => this.report(error),
    });
  }

  get required(): boolean {
    return this.component.required;
  }

  get maxRecords(): number {
    return this.required ? (this.component.maxRecords ?? Infinity) : Infinity;
  }

  /** Whether records may be read for it: it has started; one that is not required, or stops, holds nobody up. */
  get ready(): boolean {
    return !this.#gate.closed || this.#stopping.signal.aborted || (!this.required && this.#wasTried);
  }

  override get busySince(): number | undefined {
    return this.#writes.busySince;
  }

  /** Records that wait for it or are on their way. */
  get queued(): number {
    return this.#room.records;
  }

  /** What the plugin says of itself. */
  get details(): Figures | undefined {
    return this.told(() => this.#connection.instance?.figures);
  }

  /** Why it is stuck for a source, if it is. */
  stuckFor(source: TrackedSource): LogcatchError | undefined {
    return this.#stuckFor.reasonFor(source);
  }

  build(): void {
    this.#connection.build();
  }

  /** Legal twice. */
  start(): void {
    if (this.#running) return;
    this.supervisor.move('starting');
    this.#running = this.#connection.open();
  }

  /** Only then it shuts out who was here before: one that is just tried has the id of one that runs. */
  override place(): void {
    super.place();
    this.#inPlace = true;
    if (this.transactions && this.#wasTried && !this.#gate.closed)
      this.#committing ??= this.transactions.run(this.#stopping.signal);
  }

  /** Resolves when {@link ready} is, or may be: ask again. @throws the signal's reason when it aborts first */
  async whenReady(signal: AbortSignal): Promise<void> {
    if (this.ready) return;
    await abortable<unknown>(this.required ? this.#gate.passed() : this.tried, signal);
  }

  /** Whether so many records more find room in the queue. */
  admits(count: number): boolean {
    return this.#room.admits(count);
  }

  /** Resolves when {@link admits} does, in the order of the calls. @throws the signal's reason */
  admitted(count: number, signal: AbortSignal): Promise<void> {
    return this.#room.admitted(count, signal);
  }

  accept(delivery: Delivery): void {
    const { batch } = delivery;
    this.counters.in.add(batch);
    if (!this.required) {
      if (this.#retries.failing || this.#gate.closed || this.#room.bytes >= optionalQueueBytes) {
        this.#drop(batch.count);
        return;
      }
      delivery.hold();
    } else delivery.expect();
    if (this.transactions && !this.#gate.closed) delivery.enter(this.transactions);
    this.#open.add(delivery);
    this.#queue.push(delivery);
    this.emit(delivery, undefined);
    this.#pump();
  }

  /**
   * Writes a batch past the queue, in turn with the writes of it, and once. Nothing of that counts in the output's figures.
   * @returns what was refused for good; the rest is written
   * @throws what the output throws, and the signal's reason when that aborts first
   */
  async writeOnce(batch: Batch, signal: AbortSignal): Promise<readonly Refused[]> {
    const controller = this.#writes.controller();
    const either = AbortSignal.any([signal, this.#stopping.signal, controller.signal]);
    const write = () => {
      const writing = this.#connection.instance!.write(batch, either).finally(() => this.#ended());
      this.#writes.keep(writing.catch(() => {}));
      return writing;
    };
    try {
      const turn = this.#turns.wait(either);
      this.#pump();
      await turn;
      return await abortable(this.transactions ? this.transactions.carry(write) : write(), either);
    } finally {
      this.#writes.forget(controller);
    }
  }

  async stop(): Promise<void> {
    this.supervisor.move('stopping');
    this.#stopping.abort(new Error('the output stops'));
    this.#retries.stop();
    // Whoever waits for it looks again, at what has taken its place.
    this.#gate.open();
    this.firstTry.resolve(undefined);
    this.#room.end();
    this.#writes.abort();
    await this.#connection.instance?.stop();
    await this.#running;
    await this.#committing;
    await this.#writes.settled();
    this.#dropped.tell();
    this.supervisor.move('stopped');
  }

  override abandon(): Delivery[] {
    this.#parking.clear();
    this.#stuckFor.clear();
    this.#queue.clear();
    this.#retries.take();
    return this.#open.abandon();
  }

  #newInstance(): OutputInstance {
    const { agentId, hooks } = this.environment;
    const retried = () => void this.counters.retries++;
    return new OutputInstance(this.component, { ...this.context(), agentId, retried }, hooks);
  }

  #renew(): void {
    this.#gate.close();
    this.#running = this.#connection.renew();
  }

  #started(): void {
    this.#wasTried = true;
    this.firstTry.resolve(undefined);
    if (this.#inPlace && this.transactions) this.#committing ??= this.transactions.run(this.#stopping.signal);
    else this.#opened();
  }

  #startFailed(error: unknown): void {
    const known = this.supervisor.failed(this.#retries.troubled ? 'degraded' : 'waiting', error);
    this.#wasTried = true;
    this.firstTry.resolve(known);
    this.report(known);
  }

  #opened(): void {
    if (this.#stuckFor.any) this.#stuckFor.tell();
    // What the instance before could not write: whether this one can, shows when it has.
    else if (!this.#retries.troubled) this.supervisor.started();
    this.#gate.open();
    this.environment.progress.happened();
    this.#pump();
  }

  #pump(): void {
    if (this.#gate.closed || this.#stopping.signal.aborted || this.#retries.pending) return;
    // A transaction is recovered instead, whatever has happened.
    if (this.#connection.instance!.broken && !this.transactions) {
      if (this.#writes.active === 0) this.#renew();
      return;
    }
    const { concurrency = 1 } = this.component.definition as OutputDefinition;
    // While writes fail one is written at a time, so that nothing overtakes.
    const most = this.#retries.failing ? 1 : concurrency;
    while (this.#writes.active < most && this.#turns.next()) this.#writes.begin();
    while (this.#queue.length > 0 && this.#writes.active < most) {
      const entry = this.#queue.shift()!;
      if (entry.delivery.cancelled) {
        this.#open.done(entry.delivery);
        continue;
      }
      if (this.#parking.has(entry.delivery.source)) {
        this.#parking.park(entry);
        this.transactions?.voidSoon();
        continue;
      }
      this.#writes.begin();
      const writing = this.#write(entry).catch((error) => this.report(this.supervisor.failed('degraded', error)));
      this.#writes.keep(this.#open.during(entry.delivery, writing));
    }
  }

  async #write(entry: Entry): Promise<void> {
    const { delivery } = entry;
    const outcome = await this.#written(delivery);
    if (this.#open.abandoned) return delivery.release();
    if (outcome === 'failed') {
      this.counters.retries++;
      this.#retries.add(entry);
    } else if (outcome instanceof Stuck) this.#park(entry, outcome);
    this.#ended();
    if (outcome === 'failed' || outcome instanceof Stuck) return;
    if (outcome === 'given up') this.#giveUp(delivery);
    else if (outcome === 'written') this.#open.done(delivery);
    // Not in turn with writes: only this source waits for the dead letters.
    else if (await this.#refusals.answer(delivery, delivery.batch, outcome)) this.#open.done(delivery);
    else this.#giveUp(delivery);
  }

  #ended(): void {
    this.#writes.end();
    if (this.#writes.active === 0 && this.#retries.any) this.#retryLater();
    this.#pump();
  }

  #worked({ source }: Delivery): void {
    if (this.#retries.troubled && !this.#stuckFor.any) this.supervisor.move('running');
    this.#retries.worked();
    this.#stuckFor.freed(source);
    // In a transaction it is written when that is committed.
    if (!this.transactions) this.supervisor.works();
  }

  #drop(records: number): void {
    this.#dropped.add(records);
    this.counters.dropped += records;
  }

  /** Only its source waits, outside of memory where that is possible. */
  #park(entry: Entry, { reason, over }: Stuck): void {
    const { delivery } = entry;
    if (!this.required) {
      this.#drop(delivery.batch.count);
      this.#open.done(delivery);
      return;
    }
    const { source } = delivery;
    this.#stuckFor.add(source, reason);
    this.#parking.park(entry, this.#parking.has(source) ? over : (this.transactions?.rested(source, over) ?? over));
    this.transactions?.voidSoon();
  }

  /** What failed goes to the front again, in its order, after a pause. An output that is not required does without it. */
  #retryLater(): void {
    const failed = this.#retries.take();
    if (this.#stopping.signal.aborted) {
      for (const { delivery } of failed) this.#giveUp(delivery);
      return;
    }
    if (this.required) this.#queue.putBack(failed);
    else {
      for (const { delivery } of [...failed, ...this.#queue.clear()]) {
        this.#drop(delivery.batch.count);
        this.#open.done(delivery);
      }
    }
    this.#retries.later(() => {
      // What is not required has nothing to try with but the next records.
      if (!this.required) this.#retries.forgive();
      this.#pump();
    });
  }

  /** Past the queue, in turn with the writes of it. */
  async #writtenInTurn(delivery: Delivery): Promise<WriteOutcome> {
    const { signal } = this.#stopping;
    try {
      const turn = this.#turns.wait(signal);
      this.#pump();
      await turn;
    } catch {
      return 'given up';
    }
    const outcome = await this.#written(delivery);
    this.#ended();
    return outcome;
  }

  async #written(delivery: Delivery): Promise<WriteOutcome> {
    const { batch } = delivery;
    const controller = this.#writes.controller();
    const forgetCancel = delivery.onCancel(() => controller.abort(new Error('not wanted any more')));
    try {
      const refused = await this.#connection.instance!.write(batch, controller.signal);
      if (this.required) delivery.fates.written(batch, refused);
      this.counters.out.addTaken(batch, refused);
      this.#worked(delivery);
      return refused.length > 0 ? refused : 'written';
    } catch (error) {
      if (controller.signal.aborted) return 'given up';
      if (error instanceof Stuck) return error;
      if (this.transactions) {
        this.transactions.void(error);
        return 'given up';
      }
      this.report(this.supervisor.failed('degraded', error));
      this.#retries.failed();
      return 'failed';
    } finally {
      forgetCancel();
      this.#writes.forget(controller);
    }
  }

  #giveUp(delivery: Delivery): void {
    if (this.#open.giveUp(delivery)) this.transactions?.void();
  }
}
