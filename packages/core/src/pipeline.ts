import type { LogcatchError, PipelineHandle, PipelineHooks, Plan } from '@logcatch/plugin-api';
import type { Desired, DesiredComponent } from './config/index.ts';
import type { Delivery } from './delivery.ts';
import { Graph } from './graph.ts';
import { InputNode } from './input-node.ts';
import type { Node, PipelineEnvironment, Target } from './node.ts';
import { OutputNode } from './output-node.ts';
import type { TrackedSource } from './tracked-source.ts';
import { TransformNode } from './transform-node.ts';
import { Watchdog } from './watchdog.ts';

/** Milliseconds of the shutdown time kept for stopping components, after waiting for what is on its way. */
const stopShare = 1_000;

/** What of a source was read and not delivered when the pipeline stopped. */
export interface LeftOver {
  readonly input: string;
  readonly path: string;
  /** Where it resumes. */
  readonly position: number;
  /** Bytes read after that. */
  readonly bytes: number;
}

/** The running graph: starts it, stops it, and moves it from one desired state to the next. */
export class Pipeline implements PipelineHandle {
  readonly hooks: PipelineHooks;
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
    for (const node of this.#build(componentsOf(desired), this.#graph)) this.#nodes.set(node.id, node);
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

  /** Outputs first, inputs last. Does not wait for servers: inputs discover meanwhile. */
  start(): void {
    this.#link(this.#nodes.keys());
    this.#startNodes(this.nodes);
    this.#watchdog = new Watchdog(() => this.#nodes.values());
  }

  /** Inputs first, outputs last, within so many milliseconds. Legal at any moment. */
  async stop(milliseconds: number): Promise<LeftOver[]> {
    this.#watchdog?.stop();
    const deadline = Date.now() + milliseconds;
    const { inputs } = this;
    for (const input of inputs) input.halt();
    const drained = () => inputs.every((input) => input.drained);
    await this.#environment.progress.until(drained, Math.max(milliseconds - stopShare, milliseconds / 2));
    const leftOver = inputs.flatMap((input) =>
      [...input.sources].filter((source) => source.unsettled > 0).map(leftOverOf),
    );
    for (const input of inputs) for (const source of input.sources) source.cancel();
    await this.#stopNodes(this.nodes, deadline);
    return leftOver;
  }

  /** A change that is being applied waits for nothing any more. */
  hurry(): void {
    this.#hurried = true;
    this.#environment.progress.happened();
  }

  /**
   * Moves to the next desired state: builds what is new, waits within a bound for what is on its way to what changes, and
   * swaps. Components that the plan does not name do not notice.
   * @throws what a plugin's `create` throws, and what is wrong with a changed output; nothing has changed then
   */
  async apply(next: Desired, plan: Plan): Promise<void> {
    const graph = new Graph(next.edges);
    const fresh = new Set([...plan.add, ...plan.change]);
    const built = this.#build(
      componentsOf(next).filter(({ id }) => fresh.has(id)),
      graph,
    );
    const leaving = new Set([...plan.change, ...plan.remove].map((id) => this.#nodes.get(id)!));
    const touched = new Set([...plan.change, ...plan.remove, ...plan.relink]);
    const affected = this.inputs.filter(({ id }) => touched.has(id) || !touched.isDisjointFrom(this.#graph.behind(id)));
    const { shutdownTimeout } = this.#desired;
    // One bound for both: a server that hangs uses up each.
    const deadline = Date.now() + shutdownTimeout;
    await this.#probe(built, shutdownTimeout / 2);

    for (const input of affected) input.halt();
    try {
      const drained = () => this.#hurried || affected.every((input) => input.drained);
      await this.#environment.progress.until(drained, Math.max(0, deadline - Date.now()));
      const staying = new Set(affected.filter((input) => !leaving.has(input)));
      for (const input of affected) {
        for (const source of input.sources) {
          // What has ended cannot be read again: it stays with the output, for the one that takes over.
          if (source.outstanding === 0 || source.ended) continue;
          if (staying.has(input)) input.rewind(source);
          else source.cancel();
        }
      }
      const unwritten = await this.#stopNodes([...leaving], Date.now() + stopShare);

      for (const { id } of leaving) this.#nodes.delete(id);
      for (const node of built) this.#nodes.set(node.id, node);
      this.#desired = next;
      this.#graph = graph;
      const retagged = new Set(plan.retag);
      for (const component of next.inputs) {
        if (retagged.has(component.id)) (this.#nodes.get(component.id) as InputNode).retag(component);
      }
      this.#link([...built.map(({ id }) => id), ...plan.relink]);
      for (const input of this.inputs) input.leadTo(this.#outputsBehind(input.id, graph));
      for (const [id, deliveries] of unwritten) {
        const successor = this.#nodes.get(id);
        if (successor instanceof OutputNode) successor.takeOver(deliveries);
        else for (const delivery of deliveries) delivery.release();
      }
      this.#startNodes(built);
    } finally {
      // Whatever was thrown: what stays goes on.
      for (const input of affected) if (this.#nodes.get(input.id) === input) input.resume();
    }
  }

  #build(components: readonly DesiredComponent[], graph: Graph): Node[] {
    const nodes = components.map((component) => nodeOf(component, this.#environment));
    const built = new Map(nodes.map((node) => [node.id, node]));
    for (const node of nodes) {
      if (node instanceof InputNode) node.leadTo(this.#outputsBehind(node.id, graph, built));
      try {
        (node as InputNode | TransformNode | OutputNode).build();
      } catch (error) {
        throw node.supervisor.explain(error);
      }
    }
    return nodes;
  }

  /**
   * A changed output must start where the one before it runs well: then a fault lies in the change, and what runs is kept. Where
   * the old one does not run either, its server is probably away, and that makes no configuration wrong.
   */
  async #probe(built: readonly Node[], milliseconds: number): Promise<void> {
    const wellBefore = ({ id }: Node) => this.#nodes.get(id)?.supervisor.status.state === 'running';
    const probed = built.filter((node) => node instanceof OutputNode && wellBefore(node)) as OutputNode[];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, milliseconds, 'late');
    });
    const [error] = (await Promise.all(probed.map((node) => this.#faultOf(node, late)))).filter(Boolean);
    clearTimeout(timer);
    if (!error) return;
    await this.#stopNodes(built, Date.now() + stopShare);
    throw error;
  }

  /** Why a changed output cannot start. No fault of its own where the one before it could not start now either: it may just not have noticed yet. */
  async #faultOf(changed: OutputNode, late: Promise<'late'>): Promise<LogcatchError | undefined> {
    const error = await Promise.race([changed.probe(), late]);
    if (error === undefined || error === 'late') return undefined;
    const before = new OutputNode(this.#nodes.get(changed.id)!.component, this.#environment);
    before.build();
    const starts = (await Promise.race([before.probe(), late])) === undefined;
    await this.#stopNodes([before], Date.now() + stopShare);
    return starts ? error : undefined;
  }

  #link(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#nodes.get(id)!.link(this.#graph.from(id), (to) => this.#nodes.get(to) as Node & Target);
    }
  }

  #startNodes(nodes: readonly Node[]): void {
    for (const node of nodes) if (node instanceof OutputNode) node.start();
    for (const node of nodes) if (node instanceof TransformNode) node.start();
    for (const node of nodes) if (node instanceof InputNode) node.start();
  }

  /** Returns what outputs did not write. A component that does not stop in time is left behind. */
  async #stopNodes(nodes: readonly Node[], deadline: number): Promise<Map<string, Delivery[]>> {
    const unwritten = new Map<string, Delivery[]>();
    const stop = async (kind: Node['kind'], one: (node: Node) => Promise<void>) => {
      const stopping = nodes
        .filter((node) => node.kind === kind)
        .map((node) => this.#bounded(node, one(node), deadline));
      await Promise.all(stopping);
    };
    await stop('input', (node) => (node as InputNode).stop());
    await stop('transform', (node) => (node as TransformNode).stop());
    await stop('output', async (node) => void unwritten.set(node.id, await (node as OutputNode).stop()));
    return unwritten;
  }

  async #bounded(node: Node, stopping: Promise<void>, deadline: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, Math.max(50, deadline - Date.now()), 'late');
    });
    const failed = (error: unknown) => this.hooks.error.call(node.supervisor.explain(error));
    const result = await Promise.race([stopping.catch(failed), late]);
    clearTimeout(timer);
    if (result === 'late') node.log.warn('did not stop in time and is left behind');
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

function leftOverOf({ input, path, position, unsettled }: TrackedSource): LeftOver {
  return { input, path, position, bytes: unsettled };
}
