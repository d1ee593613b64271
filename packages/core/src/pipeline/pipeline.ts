import type { InputDefinition, LogcatchError, PipelineHandle, PipelineHooks, Plan } from '@logcatch/plugin-api';
import { declaredId } from '../config/declared.ts';
import { ConfigErrors, type Desired, type DesiredComponent, diff } from '../config/index.ts';
import { errorsOf } from '../errors-of.ts';
import { Counters } from '../status/counters.ts';
import type { Delivery } from './delivery.ts';
import { Graph } from './graph.ts';
import { InputNode } from './input-node.ts';
import type { Node, PipelineEnvironment, Target } from './node.ts';
import { OutputNode } from './output-node.ts';
import { firstFaults, probe, ran } from './probe.ts';
import { stopNodes, type Unfinished } from './stopping.ts';
import type { TrackedSource } from './tracked-source.ts';
import { TransformNode } from './transform-node.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds of the shutdown time kept for stopping components, after waiting for what is on its way. */
const stopShare = 1_000;

/** Milliseconds that a changed input has at least to start, however long the change took before. */
const leastPatience = 1_000;

/** What of a source was not delivered when the pipeline stopped. */
export interface LeftOver {
  readonly input: string;
  readonly path: string;
  /** Where it resumes; `undefined` where it is there only once. */
  readonly position: number | undefined;
  /** Bytes that are known to be there after that, the end of a line that is still being written included. */
  readonly bytes: number;
  /** How many of them were read: a stuck output gives back what it does not take. */
  readonly read: number;
}

/** The running graph: starts it, stops it, and moves it from one desired state to the next. */
export class Pipeline implements PipelineHandle {
  readonly hooks: PipelineHooks;
  /** What inputs have counted that were removed, by the id that the file declares them with: entries of an `each` may come and go for ever. */
  readonly removed = new Map<string, Counters>();
  readonly #environment: PipelineEnvironment;
  readonly #nodes = new Map<string, Node>();
  #desired: Desired;
  #graph: Graph;
  #watchdog: Watchdog | undefined;
  #hurried = false;

  /** Builds every component without starting any. @throws what a plugin's `create` throws */
  constructor(desired: Desired, environment: PipelineEnvironment) {
    this.hooks = environment.hooks;
    this.#environment = environment;
    this.#desired = desired;
    this.#graph = new Graph(desired.edges);
    // A value from elsewhere may be unfit today and was accepted before: it must not keep the others from running.
    const unfit = ({ component }: Node) => component.remote;
    for (const node of this.#build(componentsOf(desired), this.#graph, unfit)) this.#nodes.set(node.id, node);
  }

  get name(): string {
    return this.#desired.name;
  }

  get desired(): Desired {
    return this.#desired;
  }

  get nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  /** What one of them has done. */
  counters(id: string): Counters | undefined {
    return this.#nodes.get(id)?.counters;
  }

  get inputs(): InputNode[] {
    return this.nodes.filter((node) => node instanceof InputNode);
  }

  get outputs(): OutputNode[] {
    return this.nodes.filter((node) => node instanceof OutputNode);
  }

  /** Nothing waits for configuration, every input has come to its end, and everything read has settled. */
  get finished(): boolean {
    return (
      this.#desired.waiting.length === 0 &&
      this.inputs.every((input) => (input.ended && input.drained && !input.heldUp) || input.failure !== undefined)
    );
  }

  /** {@link finished}, and there was something to read: without `--once` an `each` may have no entries yet. */
  get ended(): boolean {
    return this.inputs.length > 0 && this.finished;
  }

  /** Outputs first, inputs last. Does not wait for servers: inputs discover meanwhile. */
  start(): void {
    this.#link(this.#nodes.keys());
    this.#startNodes(this.nodes);
    this.#watchdog = new Watchdog(() => this.#nodes.values());
  }

  /**
   * Inputs first, outputs last, within so many milliseconds. Legal at any moment.
   * @param drain whether to wait for what is on its way
   */
  async stop(milliseconds: number, drain = true): Promise<LeftOver[]> {
    this.#watchdog?.stop();
    const deadline = Date.now() + milliseconds;
    const { inputs } = this;
    for (const { supervisor } of this.nodes) supervisor.move('stopping');
    for (const input of inputs) input.halt();
    for (const { transactions } of this.outputs) transactions?.hurry(true);
    const drained = () => inputs.every((input) => input.drained);
    const patience = Math.max(milliseconds - stopShare, milliseconds / 2);
    if (drain) await this.#environment.progress.until(drained, patience);
    const leftOver = inputs.flatMap((input) => {
      const { single = false } = input.component.definition as InputDefinition;
      return [...input.sources].map((source) => leftOverOf(source, single)).filter(({ bytes }) => bytes > 0);
    });
    for (const input of inputs) for (const source of input.sources) source.cancel();
    await this.#stop(this.nodes, deadline);
    return leftOver;
  }

  /** Makes the `batch` hooks of these components anew, with their edges and whoever observes them. */
  relink(ids: readonly string[]): void {
    this.#link(ids.filter((id) => this.#nodes.has(id)));
  }

  /** A change that is being applied waits for nothing any more. */
  hurry(): void {
    this.#hurried = true;
    this.#environment.progress.happened();
  }

  /**
   * Moves to the next desired state: builds what is new, tries what can be tried beforehand, waits within a bound for what is on
   * its way to what changes, swaps, and goes back where a changed input cannot start. Components that the plan does not name
   * do not notice.
   * @returns why it went back to what ran before; nothing where it did not
   * @throws what a plugin's `create` throws, and ConfigErrors for what is wrong with what was tried; nothing has changed then
   */
  async apply(next: Desired, plan: Plan): Promise<readonly LogcatchError[]> {
    const previous = this.#desired;
    // One bound for all: a server that hangs uses up each.
    const deadline = Date.now() + previous.shutdownTimeout;
    const built = this.#buildPlan(next, plan);
    await this.#probe(built, previous.shutdownTimeout / 4);

    const replaced = built.filter((node) => node instanceof InputNode && ran(this.#nodes.get(node.id)));
    await this.#exchange(next, plan, built, deadline);
    const faults = await firstFaults(replaced, this.#patience(Math.max(leastPatience, deadline - Date.now())));
    return faults.length > 0 && (await this.#goBack(previous, deadline)) ? faults : [];
  }

  /** Whether what ran before runs again. Where it cannot even be built, the change stays, and is tried again by its components. */
  async #goBack(previous: Desired, deadline: number): Promise<boolean> {
    const back = diff(this.#desired, previous);
    try {
      await this.#exchange(previous, back, this.#buildPlan(previous, back), deadline);
      return true;
    } catch (error) {
      for (const known of errorsOf(error)) this.hooks.error.call(known);
      return false;
    }
  }

  /** Swaps what the plan names for what was built, and lets the rest go on. */
  async #exchange(next: Desired, plan: Plan, built: readonly Node[], deadline: number): Promise<void> {
    const leaving = new Set([...plan.change, ...plan.remove].map((id) => this.#nodes.get(id)!));
    const touched = new Set([...plan.change, ...plan.remove, ...plan.relink]);
    const affected = this.inputs.filter(({ id }) => touched.has(id) || !touched.isDisjointFrom(this.#graph.behind(id)));
    for (const input of affected) input.halt();
    try {
      await this.#drain(affected, deadline);
      for (const input of affected) {
        for (const source of input.sources) {
          // What has ended cannot be read again: it stays with the output, for the one that takes over.
          if (source.outstanding === 0 || source.ended) continue;
          if (leaving.has(input)) source.cancel();
          else input.rewind(source);
        }
      }
      const unfinished = await this.#stop([...leaving], Date.now() + stopShare);

      const before = this.#graph;
      for (const node of leaving) {
        node.displace();
        this.#nodes.delete(node.id);
        const successor = built.find(({ id }) => id === node.id);
        successor?.succeed(node);
        if (!successor && node instanceof InputNode) this.#keep(node);
        if (node instanceof InputNode && successor instanceof InputNode) successor.inherit(node);
      }
      for (const node of built) this.#nodes.set(node.id, node);
      this.#desired = next;
      this.#graph = new Graph(next.edges);
      const retagged = new Set(plan.retag);
      for (const component of next.inputs) {
        if (retagged.has(component.id)) (this.#nodes.get(component.id) as InputNode).retag(component);
      }
      this.#link([...built.map(({ id }) => id), ...plan.relink]);
      for (const input of this.inputs) input.leadTo(this.#outputsBehind(input.id, this.#graph));
      this.#startNodes(built);
      // Before anything that the inputs read next: they wait for the end of this.
      for (const [node, deliveries] of unfinished) this.#handOver(node, deliveries, before);
    } finally {
      // Whatever was thrown: what stays goes on.
      for (const input of affected) if (this.#nodes.get(input.id) === input) input.resume();
    }
  }

  /**
   * What a component had not finished, of sources that cannot be read again: it goes to the one in its place, past a transform
   * that is gone, and counts as answered for where nobody wants it any more.
   */
  #handOver(from: Node, deliveries: readonly Delivery[], before: Graph): void {
    const place = this.#nodes.get(from.id);
    const behind = before.from(from.id).map(({ to }) => this.#nodes.get(to));
    const targets = (place ? [place] : behind).filter(
      (node) => node instanceof OutputNode || node instanceof TransformNode,
    );
    for (const delivery of deliveries) {
      if (!delivery.cancelled) for (const target of targets) target.accept(delivery);
      delivery.settle();
    }
    if (deliveries.length > 0 && targets.length === 0) {
      from.log.warn(`${deliveries.length} batches of files that are gone were not delivered: it was removed`);
    }
  }

  /** So that no sum goes back when it has gone. */
  #keep({ id, counters }: InputNode): void {
    const declared = declaredId(id);
    const before = this.removed.get(declared) ?? new Counters();
    before.include(counters);
    this.removed.set(declared, before);
  }

  async #drain(inputs: readonly InputNode[], deadline: number): Promise<void> {
    const { outputs } = this;
    for (const { transactions } of outputs) transactions?.hurry(true);
    const drained = () => this.#hurried || inputs.every((input) => input.drained);
    await this.#environment.progress.until(drained, Math.max(0, deadline - Date.now()));
    for (const { transactions } of outputs) transactions?.hurry(false);
  }

  /** @throws ConfigErrors; what was built is stopped then */
  async #probe(built: readonly Node[], milliseconds: number): Promise<void> {
    const faults = await probe(built, {
      running: (id) => this.#nodes.get(id),
      build: (component) => this.#build([component], this.#graph)[0]!,
      patience: () => this.#patience(milliseconds),
      stop: (nodes) => this.#stop(nodes, Date.now() + stopShare),
    });
    if (faults.length === 0) return;
    await this.#stop(built, Date.now() + stopShare);
    throw new ConfigErrors(faults);
  }

  #patience(milliseconds: number): Promise<unknown> {
    return this.#environment.progress.until(() => this.#hurried, Math.max(0, milliseconds));
  }

  #buildPlan(desired: Desired, { add, change }: Plan): Node[] {
    const fresh = new Set([...add, ...change]);
    return this.#build(
      componentsOf(desired).filter(({ id }) => fresh.has(id)),
      new Graph(desired.edges),
    );
  }

  /** @param unfit which may fail, and try again when they are started. @throws what a plugin's `create` throws */
  #build(components: readonly DesiredComponent[], graph: Graph, unfit: (node: Node) => boolean = () => false): Node[] {
    const nodes = components.map((component) => nodeOf(component, this.#environment));
    const built = new Map(nodes.map((node) => [node.id, node]));
    for (const node of nodes) {
      if (node instanceof InputNode) node.leadTo(this.#outputsBehind(node.id, graph, built));
      try {
        node.build();
      } catch (error) {
        if (unfit(node)) continue;
        void this.#stop(nodes, Date.now() + stopShare);
        throw node.supervisor.explain(error);
      }
    }
    return nodes;
  }

  #link(ids: Iterable<string>): void {
    for (const id of ids) {
      const node = this.#nodes.get(id)!;
      node.link(this.#graph.from(id), (to) => this.#nodes.get(to) as Node & Target);
      node.place();
    }
  }

  #startNodes(nodes: readonly Node[]): void {
    for (const node of nodes) if (node instanceof OutputNode) node.start();
    for (const node of nodes) if (node instanceof TransformNode) node.start();
    for (const node of nodes) if (node instanceof InputNode) node.start();
  }

  /** Returns what they had not finished. */
  #stop(nodes: readonly Node[], deadline: number): Promise<Unfinished> {
    return stopNodes(nodes, deadline, (error) => this.hooks.error.call(error));
  }

  #outputsBehind(id: string, graph: Graph, built?: ReadonlyMap<string, Node>): OutputNode[] {
    const nodes = [...graph.behind(id)].map((behind) => built?.get(behind) ?? this.#nodes.get(behind));
    return nodes.filter((node) => node instanceof OutputNode);
  }
}

function componentsOf({ outputs, transforms, inputs }: Desired): DesiredComponent[] {
  return [...outputs, ...transforms, ...inputs];
}

function nodeOf(component: DesiredComponent, environment: PipelineEnvironment): Node {
  if (component.kind === 'input') return new InputNode(component, environment);
  if (component.kind === 'transform') return new TransformNode(component, environment);
  return new OutputNode(component, environment);
}

function leftOverOf({ input, path, position, unsettled, lag }: TrackedSource, single: boolean): LeftOver {
  return { input, path, position: single ? undefined : position, bytes: Math.max(unsettled, lag), read: unsettled };
}
