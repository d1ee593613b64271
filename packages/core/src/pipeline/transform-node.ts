import {
  type Applied,
  Batch,
  LogcatchError,
  sleep,
  type Transform,
  type TransformDefinition,
} from '@logcatch/plugin-api';
import type { Delivery } from './delivery.ts';
import { Node, type Target } from './node.ts';
import { checkInstance } from './shape.ts';
import { delay, restartBackoff } from './supervisor.ts';
import type { TrackedSource } from './tracked-source.ts';

/** Runs batches through a transform; what comes out are children of the delivery that went in. */
export class TransformNode extends Node implements Target {
  readonly kind = 'transform';
  readonly #stopping = new AbortController();
  /** Last pending `apply` of each source: keeps the order of one source where `apply` is asynchronous. */
  readonly #pending = new Map<TrackedSource, Promise<void>>();
  #instance: Transform | undefined;
  override readonly exits = (this.component.definition as TransformDefinition).exits?.(this.component.options);
  #begun = false;
  #failures = 0;
  #finishedAt = 0;
  /** Taken and not finished, in the order in which they came. */
  readonly #open = new Set<Delivery>();
  /** Those of them that nothing is done with any more. */
  readonly #left = new Set<Delivery>();
  #abandoned = false;
  /** The repair under way, shared by all that fail meanwhile. */
  #repair: Promise<void> | undefined;

  override get busySince(): number | undefined {
    return this.#pending.size > 0 ? this.#finishedAt : undefined;
  }

  build(): void {
    const definition = this.component.definition as TransformDefinition;
    const context = { ...this.context(), untrusted: this.component.remote, now: this.environment.now };
    const instance = definition.create(this.component.options, context);
    this.#instance = checkInstance(instance, 'A transform', ['apply']);
  }

  /** Batches that come before it has started wait. Legal twice. */
  start(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.supervisor.move('starting');
    // Where it could not be built before, its failure says so now.
    this.#repair =
      !this.#instance || this.#instance.start
        ? this.#first().finally(() => {
            this.#repair = undefined;
          })
        : undefined;
    if (!this.#repair) this.#started();
  }

  async stop(): Promise<void> {
    this.supervisor.move('stopping');
    this.#stopping.abort(new Error('the transform stops'));
    this.firstTry.resolve(undefined);
    await Promise.all(this.#pending.values());
    await this.#repair;
    await this.#instance?.stop?.();
    this.supervisor.move('stopped');
  }

  override abandon(): Delivery[] {
    this.#abandoned = true;
    const open = [...this.#open];
    this.#open.clear();
    // What is left behind still looks at its batches; when it ends, that is all it has to say.
    for (const delivery of open) if (!this.#left.has(delivery)) delivery.hold();
    return open;
  }

  /** One that is broken may not even stop: that must not keep its successor away. */
  async #stopInstance(): Promise<void> {
    const instance = this.#instance;
    this.#instance = undefined;
    try {
      await instance?.stop?.();
    } catch (error) {
      this.report(this.supervisor.explain(error));
    }
  }

  accept(delivery: Delivery): void {
    this.counters.in.add(delivery.batch);
    delivery.expect();
    this.#open.add(delivery);
    const earlier = this.#pending.get(delivery.source) ?? this.#repair;
    const work = earlier ? earlier.then(() => this.#apply(delivery)) : this.#apply(delivery);
    if (!work) return;
    const { source } = delivery;
    if (this.#pending.size === 0) this.#finishedAt = Date.now();
    const pending = work.then(() => {
      this.#finishedAt = Date.now();
      if (this.#pending.get(source) === pending) this.#pending.delete(source);
    });
    this.#pending.set(source, pending);
  }

  /** Returns nothing where all was done synchronously. Never throws. */
  #apply(delivery: Delivery): Promise<void> | undefined {
    if (this.#abandoned || delivery.cancelled) {
      this.#done(delivery);
      return undefined;
    }
    if (this.#stopping.signal.aborted) {
      // Not settled, its position stays: for whoever takes its place.
      this.#left.add(delivery);
      return undefined;
    }
    try {
      const applied = this.#instance!.apply(delivery.batch);
      if (!(applied instanceof Promise)) {
        this.#send(delivery, applied);
        return undefined;
      }
      return applied.then((result) => this.#send(delivery, result)).catch((error) => this.#again(delivery, error));
    } catch (error) {
      return this.#again(delivery, error);
    }
  }

  /** The same batch, by a new instance. The source's next ones wait behind it. */
  async #again(delivery: Delivery, error: unknown): Promise<void> {
    await this.#mend(error);
    await this.#apply(delivery);
  }

  /** @throws LC_PLUGIN_CONTRACT before anything was sent */
  #send(delivery: Delivery, applied: Applied): void {
    if (this.#abandoned) {
      this.#done(delivery);
      return;
    }
    const outgoing = outgoingOf(applied, this.exits);
    this.#failures = 0;
    this.supervisor.works();
    delivery.fates.passed(
      this.id,
      delivery.batch,
      outgoing.map(({ batch }) => batch),
    );
    for (const { batch, exit } of outgoing) {
      this.counters.out.add(batch);
      if (exit !== undefined) this.counters.through(exit).add(batch);
      // The batch itself, unchanged, needs no child.
      if (batch === delivery.batch) this.emit(delivery, exit);
      else if (batch.count > 0) {
        const child = delivery.child(batch);
        this.emit(child, exit);
        child.settle();
      }
    }
    this.#done(delivery);
  }

  #done(delivery: Delivery): void {
    if (this.#abandoned) delivery.release();
    else delivery.settle();
    this.#open.delete(delivery);
  }

  async #first(): Promise<void> {
    try {
      if (!this.#instance) this.build();
      await this.#instance!.start?.(this.#stopping.signal);
      this.#started();
    } catch (error) {
      const known = this.supervisor.failed('failed', error);
      this.report(known);
      this.firstTry.resolve(known);
      await this.#restart();
    }
  }

  #started(): void {
    this.supervisor.started();
    this.firstTry.resolve(undefined);
  }

  #mend(error: unknown): Promise<void> {
    const known = this.supervisor.failed('failed', error);
    this.report(known);
    this.#repair ??= this.#restart().finally(() => {
      this.#repair = undefined;
    });
    return this.#repair;
  }

  async #restart(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(delay(restartBackoff, this.#failures++), signal);
      if (signal.aborted) return;
      this.counters.restarts++;
      try {
        await this.#stopInstance();
        this.build();
        await this.#instance!.start?.(signal);
        this.supervisor.started();
        return;
      } catch (error) {
        this.report(this.supervisor.failed('failed', error));
      }
    }
  }
}

interface Outgoing {
  readonly batch: Batch;
  readonly exit: string | undefined;
}

/** What goes where. @throws LC_PLUGIN_CONTRACT */
function outgoingOf(applied: Applied, exits: readonly string[] | undefined): Outgoing[] {
  if (applied === null) return [];
  if (typeof applied !== 'object')
    throw broken(`apply returned ${typeof applied}: return a batch, several, or null to drop it`);
  const plain = applied instanceof Batch || Array.isArray(applied);
  const byExit = plain
    ? [[undefined, applied] as const]
    : Object.entries(applied as Record<string, Batch | readonly Batch[]>);
  return byExit.flatMap(([exit, given]) => {
    if (exit === undefined ? exits !== undefined : !exits?.includes(exit)) {
      const declared = exits ? `its exits are ${exits.join(', ')}` : 'it declares no exits';
      throw broken(
        `apply returned ${exit === undefined ? 'batches without an exit' : `the exit "${exit}"`}, but ${declared}`,
      );
    }
    return (given instanceof Batch ? [given] : given).map((batch): Outgoing => {
      if (!(batch instanceof Batch)) throw broken('apply returned something that is not a batch');
      return { batch, exit };
    });
  });
}

function broken(message: string): LogcatchError {
  return new LogcatchError('LC_PLUGIN_CONTRACT', message);
}
