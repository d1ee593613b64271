import type {
  Batch,
  ComponentContext,
  Edge,
  LogcatchError,
  NodeHandle,
  PipelineHooks,
  Secret,
} from '@logcatch/plugin-api';
import { SyncHook } from 'tapable';
import type { DesiredComponent } from '../config/index.ts';
import { guard } from '../guard.ts';
import type { DeadLetters } from '../letters/dead-letters.ts';
import type { Log } from '../log.ts';
import type { Marks } from '../output/marks.ts';
import { readSecret } from '../secret.ts';
import type { Checkpointer } from '../state/checkpointer.ts';
import type { Store } from '../state/store.ts';
import { Counters } from '../status/counters.ts';
import type { Delivery } from './delivery.ts';
import type { BufferPool } from './pool.ts';
import type { Progress } from './progress.ts';
import { Supervisor } from './supervisor.ts';

/** What all nodes of a pipeline share. */
export interface PipelineEnvironment {
  readonly hooks: PipelineHooks;
  readonly log: Log;
  readonly pool: BufferPool;
  readonly store: Store;
  readonly checkpointer: Checkpointer;
  readonly deadLetters: DeadLetters;
  readonly progress: Progress;
  /** Tells this agent from all others. */
  readonly agentId: string;
  readonly marks: Marks;
  readonly host: string;
  /** What transforms take for the time, in milliseconds. */
  readonly now: () => number;
  readonly dataDir: string;
  readonly once: boolean;
  /** Nothing can be done here any more: all of it has to stop. */
  failed(error: LogcatchError): void;
  resolve(path: string): string;
}

/** Something that takes deliveries: a transform or an output. */
export interface Target {
  readonly id: string;
  /** Called synchronously. It claims the delivery (`expect` or `hold`) before it returns, if it wants it. */
  accept(delivery: Delivery): void;
}

type BatchHook = SyncHook<[batch: Batch, exit: string | undefined, delivery: Delivery]>;

/** A component in its place in the graph. */
export abstract class Node implements NodeHandle {
  abstract readonly kind: NodeHandle['kind'];
  component: DesiredComponent;
  readonly supervisor: Supervisor;
  readonly log: Log;
  counters = new Counters();
  protected readonly environment: PipelineEnvironment;
  protected readonly firstTry = Promise.withResolvers<LogcatchError | undefined>();
  #batch: BatchHook;
  /** Only what has its place in the graph is observed: a component that is tried beforehand has the id of one that runs. */
  #placed = false;

  constructor(component: DesiredComponent, environment: PipelineEnvironment) {
    this.component = component;
    this.environment = environment;
    this.log = environment.log.for(component.id);
    this.supervisor = new Supervisor(component.id, this.log, (status) => {
      if (this.#placed) environment.hooks.status.call(component.id, status);
    });
    this.#batch = this.#hook();
  }

  get id(): string {
    return this.component.id;
  }

  get batch(): NodeHandle['batch'] {
    return this.#batch as unknown as NodeHandle['batch'];
  }

  /** Settles when a start was tried once, with why it did not work, if it did not; or when it is stopped before. */
  get tried(): Promise<LogcatchError | undefined> {
    return this.firstTry.promise;
  }

  /** Creates the instance without starting it. @throws what the plugin throws */
  abstract build(): void;

  abstract start(): void;

  abstract stop(): Promise<void>;

  /**
   * What it has taken, has not finished, and what will not come again, each still claimed: for whoever takes its place. It has
   * stopped, or is left behind: then nothing that it still does counts.
   */
  abandon(): Delivery[] {
    return [];
  }

  /** Takes its place: from now on observers hear of it. */
  place(): void {
    if (this.#placed) return;
    this.#placed = true;
    this.environment.hooks.status.call(this.id, this.supervisor.status);
  }

  /** It takes the place of another one, and goes on where that one was. */
  succeed(before: Node): void {
    this.supervisor.succeed(before.supervisor);
    if (before.kind === this.kind) this.counters = before.counters;
  }

  /** Another one has taken its place. */
  displace(): void {
    this.#placed = false;
    this.log.forget();
  }

  /** Makes the node's edges: each is a tap on a fresh `batch` hook, since a tap cannot be taken back. */
  link(edges: readonly Edge[], targetOf: (id: string) => Target): void {
    this.#batch = this.#hook();
    const { hooks } = this.environment;
    for (const edge of edges) {
      if (hooks.link.call(edge) === false) continue;
      const target = targetOf(edge.to);
      // After the observers, so that they see batches in the order of the graph.
      this.#batch.tap({ name: `edge to ${edge.to}`, stage: 1000 }, (_batch, exit, delivery) => {
        if (exit === edge.exit) target.accept(delivery);
      });
    }
    hooks.linked.call(this);
  }

  /** Names of its exits, where it has several. */
  readonly exits: readonly string[] | undefined = undefined;

  /** Since when it has had work and finished none of it, milliseconds since the epoch; undefined while that is not so. */
  get busySince(): number | undefined {
    return undefined;
  }

  protected emit(delivery: Delivery, exit: string | undefined): void {
    if (this.#batch.isUsed()) this.#batch.call(delivery.batch, exit, delivery);
  }

  /** What its plugin does, in a few words. */
  get summary(): string | undefined {
    const { definition, options } = this.component;
    return this.told(() => definition.summarize?.(options));
  }

  /** What its plugin says of itself; nothing where that throws: the status of all others does not depend on it. */
  protected told<T>(say: () => T | undefined): T | undefined {
    try {
      return say();
    } catch (error) {
      this.report(this.supervisor.explain(error));
      return undefined;
    }
  }

  protected report(error: LogcatchError): void {
    if (this.#placed) this.environment.hooks.error.call(error);
  }

  protected context(): ComponentContext {
    const { environment, id, log, supervisor } = this;
    return {
      id,
      log,
      host: environment.host,
      dataDir: environment.dataDir,
      resolve: environment.resolve,
      secret: (value: Secret) => readSecret(value, environment.resolve),
      degraded: (reason, hint) => supervisor.degraded(reason, hint),
    };
  }

  #hook(): BatchHook {
    const blame = (error: LogcatchError) => this.report(error);
    return guard(new SyncHook(['batch', 'exit', 'delivery']), `the batch hook of ${this.component.id}`, blame);
  }
}
