import type { Batch, Input, InputContext, InputDefinition, LogcatchError, PathExplanation } from '@logcatch/plugin-api';
import { abortable, LogcatchError as Failure, sleep } from '@logcatch/plugin-api';
import type { DesiredComponent } from '../config/index.ts';
import { Gate } from './gate.ts';
import { Node, type PipelineEnvironment } from './node.ts';
import type { OutputNode } from './output-node.ts';
import { checkInstance } from './shape.ts';
import { InputSources } from './sources.ts';
import { delay, restartBackoff } from './supervisor.ts';
import type { Committing, TrackedSource } from './tracked-source.ts';

/** Records of a batch where no queue says less: bounds the memory of its columns. */
const mostRecords = 65_536;
/** Batches in a row that begin in the wrong place before the input counts as broken. */
const mostStale = 10;
/** Milliseconds for what is on its way when an input fails, before its sources go back to what has settled. */
const drainBound = 5_000;

/** Pulls an input and sends its batches into the graph, with the outputs behind it as the flow control. */
export class InputNode extends Node {
  readonly kind = 'input';
  readonly #stopping = new AbortController();
  readonly #gate = new Gate();
  #outputs: readonly OutputNode[] = [];
  #committing: Committing | undefined;
  #instance: Input | undefined;
  readonly #sources: InputSources;
  #running: Promise<void> = Promise.resolve();
  #rewound = Promise.withResolvers<void>();
  #staleInARow = 0;
  #ended = false;
  #failure: LogcatchError | undefined;

  constructor(component: DesiredComponent, environment: PipelineEnvironment) {
    super(component, environment);
    this.#sources = this.#newSources();
  }

  get sources(): Iterable<TrackedSource> {
    return this.#sources;
  }

  /** All it will ever read has been read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Why it will not be tried again (`--once` only). */
  get failure(): LogcatchError | undefined {
    return this.#failure;
  }

  /** Everything it read has settled. */
  get drained(): boolean {
    for (const source of this.#sources) if (source.outstanding > 0) return false;
    return true;
  }

  /** What was read was given back, and it will be read again. */
  get heldUp(): boolean {
    for (const source of this.#sources) if (source.pausedBy.some((reason) => reason !== 'window')) return true;
    return false;
  }

  build(): void {
    const definition = this.component.definition as InputDefinition;
    const maxRecords = () => Math.min(mostRecords, ...this.#outputs.map((output) => output.maxRecords));
    const { pool, once, store } = this.environment;
    const { id } = this;
    const context: InputContext = {
      ...this.context(),
      buffers: pool,
      sources: this.#sources,
      get firstStart() {
        return !store.hasStarted(id);
      },
      once,
      untrusted: this.component.remote,
      get maxRecords() {
        return maxRecords();
      },
    };
    const instance = definition.create(this.component.options, context);
    this.#instance = checkInstance(instance, 'An input', ['start', 'read', 'pause', 'resume', 'rewind', 'stop']);
  }

  /** The outputs that its records can reach. */
  leadTo(outputs: readonly OutputNode[]): void {
    this.#outputs = outputs;
    this.#committing = outputs.find(({ transactions }) => transactions)?.transactions;
    this.#sources.finish();
  }

  /** Sources of the one before it that have ended, and of which something is still on its way. */
  inherit(before: InputNode): void {
    this.#sources.adopt(before.#sources);
  }

  start(): void {
    this.#running = this.#supervise();
  }

  /** Sends nothing more into the graph until {@link resume}. Handles and positions stay. */
  halt(): void {
    this.#gate.close();
  }

  resume(): void {
    this.#gate.open();
    this.#free();
  }

  /** Takes the component's new attributes live: handles and positions stay. */
  retag(component: DesiredComponent): void {
    this.component = component;
    this.#sources.retag(component.attributes);
    this.#free();
  }

  /** What its sources wait for may be over: they go elsewhere now, or nowhere. */
  #free(): void {
    for (const source of this.#sources) source.free();
  }

  /** Why it has no source, where it says so. */
  get idle(): string | undefined {
    return this.told(() => this.#instance?.idle?.());
  }

  /** What it knows of a path. */
  async explain(path: string): Promise<PathExplanation | undefined> {
    return this.#instance?.explain?.(path);
  }

  /** Takes a source back to what has settled, or to another position; the records after that will come again. */
  rewind(source: TrackedSource, position = source.position): void {
    if (position === source.position) source.cancel();
    else source.seek(position);
    this.#readAgain(source);
  }

  /** From where its next batch has to begin. */
  #readAgain(source: TrackedSource): void {
    try {
      this.#instance?.rewind(source, source.readPosition);
    } catch (error) {
      // Its next batch begins in the wrong place, and it is told again.
      this.report(this.supervisor.explain(error));
    }
    this.#rewound.resolve();
  }

  async stop(): Promise<void> {
    this.supervisor.move('stopping');
    this.#stopping.abort(new Error('the input stops'));
    this.firstTry.resolve(undefined);
    this.#gate.open();
    await this.#instance?.stop();
    await this.#running;
    this.#free();
    this.#sources.close();
    this.supervisor.move('stopped');
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        this.supervisor.move('starting');
        if (!this.#instance) this.build();
        if (this.#committing) await this.#positionsKnown(signal);
        await abortable(this.#instance!.start(signal), signal);
        this.environment.store.setStarted(this.id);
        this.firstTry.resolve(undefined);
        await this.#outputsReady(signal);
        this.supervisor.started();
        await this.#pump(signal, () => {
          attempt = 0;
          this.supervisor.works();
        });
      } catch (error) {
        if (signal.aborted) return;
        await this.#failed(error, attempt, signal);
        if (this.#failure) return;
      }
    }
  }

  async #failed(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
    const known = this.supervisor.failed('failed', error);
    this.report(known);
    this.firstTry.resolve(known);
    await this.#instance?.stop().catch((cause) => this.report(this.supervisor.explain(cause)));
    this.#instance = undefined;
    await this.environment.progress.until(() => this.drained, drainBound);
    this.#sources.reset();
    if (this.environment.once && !known.retriable) {
      this.#failure = known;
      this.environment.progress.happened();
      return;
    }
    await sleep(delay(restartBackoff, attempt), signal);
    this.counters.restarts++;
  }

  /** What the output has committed may be ahead of what is here, or all that is left. */
  async #positionsKnown(signal: AbortSignal): Promise<void> {
    if (!this.#notReady()) return;
    // That is not for this input to mend.
    this.firstTry.resolve(undefined);
    await this.#outputsReady(signal);
    this.supervisor.move('starting');
  }

  async #outputsReady(signal: AbortSignal): Promise<void> {
    for (let output = this.#notReady(); output; output = this.#notReady()) {
      this.supervisor.move('waiting', `for output ${output.id} to start`);
      await output.whenReady(signal);
      // An output that stops lets everybody pass: what takes its place comes with the next graph.
      if (this.#gate.closed) await this.#gate.passed();
      signal.throwIfAborted();
    }
  }

  #notReady(): OutputNode | undefined {
    return this.#outputs.find((output) => !output.ready);
  }

  async #pump(signal: AbortSignal, progressed: () => void): Promise<never> {
    for (;;) {
      // A rewind while it is told that nothing more comes counts too.
      this.#rewound = Promise.withResolvers();
      const batch = await this.#read(signal);
      if (batch === null) {
        await this.#end(signal);
        continue;
      }
      const source = this.#sources.has(batch.source) ? batch.source : undefined;
      source?.handed();
      try {
        if (!this.#open(batch.count)) await this.#opened(batch.count, signal).catch(() => {});
        if (signal.aborted) batch.chunk.release();
        else this.#send(batch);
        signal.throwIfAborted();
      } finally {
        source?.taken();
      }
      progressed();
    }
  }

  /** A read may stay pending when the input stops; what it gives then is not wanted. */
  async #read(signal: AbortSignal): Promise<Batch | null> {
    const reading = this.#instance!.read(signal);
    try {
      return await abortable(reading, signal);
    } catch (error) {
      if (signal.aborted) reading.then((batch) => batch?.chunk.release()).catch(() => {});
      throw error;
    }
  }

  /** Whether a batch may go into the graph: nothing is being changed there, and every output has room. */
  #open(count: number): boolean {
    return !this.#gate.closed && this.#outputs.every((output) => output.ready && output.admits(count));
  }

  async #opened(count: number, signal: AbortSignal): Promise<void> {
    // What changes the graph may have closed the gate, or replaced the outputs, while this waited for one.
    while (!this.#open(count)) {
      signal.throwIfAborted();
      if (this.#gate.closed) await this.#gate.passed();
      else {
        const output = this.#outputs.find((one) => !one.ready || !one.admits(count))!;
        await (output.ready ? output.admitted(count, signal) : output.whenReady(signal));
      }
    }
  }

  /** The input has come to its end. Only a rewind, of what could not be delivered, makes it read again. */
  async #end(signal: AbortSignal): Promise<void> {
    this.#ended = true;
    this.environment.progress.happened();
    const stop = () => this.#rewound.resolve();
    signal.addEventListener('abort', stop, { once: true });
    await this.#rewound.promise;
    signal.removeEventListener('abort', stop);
    this.#ended = false;
    signal.throwIfAborted();
  }

  #send(batch: Batch): void {
    const { source } = batch;
    if (!this.#sources.has(source) || batch.start !== source.readPosition) {
      this.#stale(batch);
      return;
    }
    this.#staleInARow = 0;
    const delivery = source.track(batch);
    const { count, start, end } = batch;
    this.counters.in.add({ count, size: end - start });
    this.counters.out.add(batch);
    if (count > 0) this.emit(delivery, undefined);
    delivery.settle();
    this.environment.progress.happened();
  }

  /** A batch that was in flight when its source was rewound. One that just begins in the wrong place looks the same. */
  #stale(batch: Batch): void {
    const { source } = batch;
    batch.chunk.release();
    if (++this.#staleInARow > mostStale) {
      const { start } = batch;
      throw new Failure(
        'LC_PLUGIN_CONTRACT',
        `batches of ${source.path} do not follow each other: one begins at ${start}`,
      );
    }
    if (this.#sources.has(source)) this.#instance!.rewind(source, source.readPosition);
  }

  #newSources(): InputSources {
    const { environment } = this;
    const committing = () => this.#committing;
    return new InputSources(
      this.id,
      this.component.attributes,
      {
        store: environment.store,
        checkpointer: environment.checkpointer,
        host: environment.host,
        progressed: () => environment.progress.happened(),
        discovered: (discovery) => {
          this.counters.discovered[discovery.event]++;
          environment.hooks.discovered.call(discovery);
        },
        passed: (bytes, milliseconds) => {
          this.counters.settled += bytes;
          this.counters.settling.observe(milliseconds / 1_000);
        },
        abandoned: ({ path, ended, position, advice }, bytes) => {
          const lost = `${path}: ${ended}, and at least ${bytes} bytes of it are lost: they were not delivered before`;
          this.log.warn(advice === undefined ? lost : `${lost}. ${advice}`, { position });
        },
      },
      {
        get committing() {
          return committing();
        },
        pause: (source) => this.#instance?.pause(source),
        resume: (source) => this.#instance?.resume(source),
        rewind: (source) => this.#readAgain(source),
      },
    );
  }
}
