import {
  abortable,
  type Batch,
  type Figures,
  LogcatchError,
  type Output,
  type OutputDefinition,
  type Receipt,
  type Refused,
  Rejected,
  Stuck,
} from '@logcatch/plugin-api';
import { Admission } from './admission.ts';
import type { DesiredComponent } from './config/index.ts';
import type { Delivery } from './delivery.ts';
import { Gate } from './gate.ts';
import { Node, type PipelineEnvironment, type Target } from './node.ts';
import { type Entry, Parking } from './parking.ts';
import { Refusals, type WriteOutcome } from './refusals.ts';
import { checkInstance } from './shape.ts';
import { delay, pause, restartBackoff, writeBackoff } from './supervisor.ts';
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
  readonly #writing = new Set<Promise<void>>();
  readonly #aborts = new Set<() => void>();
  /** Taken and not finished, in the order in which they came. */
  readonly #open = new Set<Delivery>();
  /** Those that a write looks at, until all that follows it is done. */
  readonly #inWrite = new Set<Delivery>();
  #abandoned = false;
  readonly #refusals = new Refusals({
    node: this,
    environment: this.environment,
    stopping: this.#stopping.signal,
    write: (delivery) => this.#written(delivery),
    drop: (records) => this.#drop(records),
  });
  readonly #parking = new Parking({
    again: (entries) => this.#again(entries),
    gone: (delivery) => this.#giveUp(delivery),
  });
  /** Sources that it was stuck for, until a write of theirs works or they have changed; each with how to forget the latter. */
  readonly #stuckFor = new Map<TrackedSource, () => void>();
  #queue: Entry[] = [];
  #lastOrder = 0;
  #instance: Output | undefined;
  #active = 0;
  /** When a write last ended, or the first of those under way began. */
  #finishedAt = 0;
  /** Failed, and waiting until no write is under way: then they go to the front again, in their order. */
  #failed: Entry[] = [];
  /** Writes that failed in a row. While there are any, one is written at a time, so that nothing overtakes. */
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #dropped = 0;
  #wasTried = false;
  #running: Promise<void> | undefined;

  constructor(component: DesiredComponent, environment: PipelineEnvironment) {
    super(component, environment);
    this.#gate.close();
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
    return this.#active > 0 ? this.#finishedAt : undefined;
  }

  /** Records that wait for it or are on their way. */
  get queued(): number {
    return this.#room.records;
  }

  /** What the plugin says of itself. */
  get details(): Figures | undefined {
    try {
      return this.#instance?.figures?.();
    } catch (error) {
      this.report(this.supervisor.explain(error));
      return undefined;
    }
  }

  /** Records that were not written because it is not required and was full or failing. */
  get dropped(): number {
    return this.#dropped;
  }

  build(): void {
    const definition = this.component.definition as OutputDefinition;
    const instance = definition.create(this.component.options, { ...this.context(), agentId: this.environment.agentId });
    this.#instance = checkInstance(instance, 'An output', ['start', 'write', 'stop']);
  }

  /** Legal twice. */
  start(): void {
    this.#running ??= this.#connect();
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
    if (!this.required) {
      if (this.#failures > 0 || this.#gate.closed || this.#room.bytes >= optionalQueueBytes) {
        this.#drop(batch.count);
        return;
      }
      delivery.hold();
    } else delivery.expect();
    this.#open.add(delivery);
    this.#room.enter(batch);
    this.#queue.push({ delivery, order: ++this.#lastOrder });
    this.emit(delivery, undefined);
    this.#pump();
  }

  /**
   * Writes a batch past the queue, in turn with the writes of it, and once. Nothing of that counts in the output's figures.
   * @returns what was refused for good; the rest is written
   * @throws what the output throws, and the signal's reason when that aborts first
   */
  async writeOnce(batch: Batch, signal: AbortSignal): Promise<readonly Refused[]> {
    const either = AbortSignal.any([signal, this.#stopping.signal]);
    const turn = this.#turns.wait(either);
    this.#pump();
    await turn;
    const writing = this.#send(batch, either).finally(() => this.#ended());
    return abortable(writing, either);
  }

  async stop(): Promise<void> {
    this.supervisor.move('stopping');
    this.#stopping.abort(new Error('the output stops'));
    clearTimeout(this.#retry);
    // Whoever waits for it looks again, at what has taken its place.
    this.#gate.open();
    this.firstTry.resolve(undefined);
    this.#room.end();
    for (const abort of this.#aborts) abort();
    await this.#instance?.stop();
    await this.#running;
    await Promise.all(this.#writing);
    if (this.#dropped > 0)
      this.log.warn(`${this.#dropped} records were not written here: it is not required, and was full or failing`);
    this.supervisor.move('stopped');
  }

  override abandon(): Delivery[] {
    this.#abandoned = true;
    this.#parking.clear();
    for (const forget of this.#stuckFor.values()) forget();
    this.#stuckFor.clear();
    this.#queue = [];
    this.#failed = [];
    const open = [...this.#open];
    this.#open.clear();
    // A write that is left behind still looks at its batch; when it ends, that is all it has to say.
    for (const delivery of open) if (this.#inWrite.has(delivery)) delivery.hold();
    if (this.required) return open;
    for (const delivery of open) delivery.release();
    return [];
  }

  async #connect(): Promise<void> {
    const { signal } = this.#stopping;
    this.supervisor.move('starting');
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        if (!this.#instance) this.build();
        await this.#instance!.start(signal);
        this.supervisor.move('running');
        this.#wasTried = true;
        this.firstTry.resolve(undefined);
        this.#gate.open();
        this.environment.progress.happened();
        this.#pump();
        return;
      } catch (error) {
        if (signal.aborted) return;
        const known = this.supervisor.failed('waiting', error);
        this.#wasTried = true;
        this.firstTry.resolve(known);
        this.report(known);
        await pause(delay(restartBackoff, attempt), signal);
      }
    }
  }

  #pump(): void {
    if (this.#gate.closed || this.#stopping.signal.aborted || this.#failed.length > 0 || this.#retry) return;
    const { concurrency = 1 } = this.component.definition as OutputDefinition;
    const most = this.#failures > 0 ? 1 : concurrency;
    while (this.#active < most && this.#turns.next()) this.#begins();
    while (this.#queue.length > 0 && this.#active < most) {
      const entry = this.#queue.shift()!;
      if (entry.delivery.cancelled) {
        this.#done(entry.delivery);
        continue;
      }
      if (this.#parking.has(entry.delivery.source)) {
        this.#parking.park(entry);
        continue;
      }
      this.#begins();
      this.#inWrite.add(entry.delivery);
      const writing = this.#write(entry)
        .catch((error) => this.report(this.supervisor.failed('degraded', error)))
        .finally(() => {
          this.#writing.delete(writing);
          this.#inWrite.delete(entry.delivery);
        });
      this.#writing.add(writing);
    }
  }

  async #write(entry: Entry): Promise<void> {
    const { delivery } = entry;
    const outcome = await this.#written(delivery);
    if (this.#abandoned) return delivery.release();
    if (outcome === 'failed') this.#failed.push(entry);
    else if (outcome instanceof Stuck) this.#park(entry, outcome);
    else if (outcome !== 'given up') this.#worked(delivery);
    this.#ended();
    if (outcome === 'failed' || outcome instanceof Stuck) return;
    if (outcome === 'given up') this.#giveUp(delivery);
    else if (outcome === 'written') this.#done(delivery);
    // Not in turn with writes: only this source waits for the dead letters.
    else if (await this.#refusals.answer(delivery, delivery.batch, outcome)) this.#done(delivery);
    else this.#giveUp(delivery);
  }

  #begins(): void {
    if (this.#active++ === 0) this.#finishedAt = Date.now();
  }

  #ended(): void {
    this.#active--;
    this.#finishedAt = Date.now();
    if (this.#active === 0 && this.#failed.length > 0) this.#retryLater();
    this.#pump();
  }

  #worked({ source }: Delivery): void {
    if (this.#failures > 0 && this.#stuckFor.size === 0) this.supervisor.move('running');
    this.#failures = 0;
    this.#freed(source);
  }

  #freed(source: TrackedSource): void {
    this.#stuckFor.get(source)?.();
    if (this.#stuckFor.delete(source) && this.#stuckFor.size === 0) this.supervisor.move('running');
  }

  /** Only its source waits, outside of memory where that is possible. */
  #park(entry: Entry, { reason, over }: Stuck): void {
    const { delivery } = entry;
    if (!this.required) {
      this.#drop(delivery.batch.count);
      this.#done(delivery);
      return;
    }
    if (this.#stuckFor.size === 0) this.supervisor.stuck(reason);
    const { source } = delivery;
    if (!this.#stuckFor.has(source))
      this.#stuckFor.set(
        source,
        source.onFree(() => this.#freed(source)),
      );
    this.#parking.park(entry, over);
  }

  #again(entries: readonly Entry[]): void {
    this.#requeue(entries);
    this.#pump();
  }

  #requeue(entries: readonly Entry[]): void {
    this.#queue = [...entries, ...this.#queue].toSorted((a, b) => a.order - b.order);
  }

  /** What failed goes to the front again, in its order, after a pause. An output that is not required does without it. */
  #retryLater(): void {
    const failed = this.#failed.splice(0);
    if (this.#stopping.signal.aborted) {
      for (const { delivery } of failed) this.#giveUp(delivery);
      return;
    }
    if (this.required) this.#requeue(failed);
    else {
      for (const { delivery } of [...failed, ...this.#queue.splice(0)]) {
        this.#drop(delivery.batch.count);
        this.#done(delivery);
      }
    }
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined;
        // What is not required has nothing to try with but the next records.
        if (!this.required) this.#failures = 0;
        this.#pump();
      },
      delay(writeBackoff, this.#failures++),
    );
  }

  async #written(delivery: Delivery): Promise<WriteOutcome> {
    const { batch } = delivery;
    const controller = new AbortController();
    const abort = () => controller.abort(new Error('not wanted any more'));
    const forgetCancel = delivery.onCancel(abort);
    this.#aborts.add(abort);
    try {
      const refused = await this.#send(batch, controller.signal);
      if (this.required) delivery.fates.written(batch, refused);
      return refused.length > 0 ? refused : 'written';
    } catch (error) {
      if (controller.signal.aborted) return 'given up';
      if (error instanceof Stuck) return error;
      this.report(this.supervisor.failed('degraded', error));
      return 'failed';
    } finally {
      forgetCancel();
      this.#aborts.delete(abort);
    }
  }

  /** Returns what was refused for good. @throws what the plugin throws */
  async #send(batch: Batch, signal: AbortSignal): Promise<readonly Refused[]> {
    try {
      this.#tell(batch, batch.count, (await this.#instance!.write(batch, signal)) ?? []);
      return [];
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      const { records, receipts } = error;
      if (!records.every(({ index }) => Number.isInteger(index) && index >= 0 && index < batch.count)) {
        throw new LogcatchError('LC_PLUGIN_CONTRACT', 'it refused records that are not in the batch');
      }
      this.#tell(batch, batch.count - records.length, receipts);
      return records;
    }
  }

  #tell({ source }: Batch, records: number, receipts: readonly Receipt[]): void {
    const { delivered } = this.environment.hooks;
    if (delivered.isUsed()) delivered.call({ output: this.id, source, records, receipts });
  }

  #drop(records: number): void {
    this.#dropped += records;
    this.log.warn('records are not written here: the output is not required, and full or failing');
  }

  /** Written or answered for. */
  #done(delivery: Delivery): void {
    if (this.required && !this.#abandoned) {
      delivery.written();
      delivery.settle();
    } else delivery.release();
    this.#room.leave(delivery.batch);
    this.#open.delete(delivery);
  }

  /** Not delivered: its position stays. What will not be read again is kept for whoever takes its place. */
  #giveUp(delivery: Delivery): void {
    this.#room.leave(delivery.batch);
    if (this.required && !delivery.cancelled && !this.#abandoned) {
      delivery.onCancel(() => {
        if (this.#open.delete(delivery)) delivery.release();
      });
      return;
    }
    delivery.release();
    this.#open.delete(delivery);
  }
}
