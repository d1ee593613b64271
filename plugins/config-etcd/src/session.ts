import { abortable, type LogcatchError, type Logger, sleep } from '@logcatch/plugin-api';
import type { Endpoint } from './endpoint.ts';
import { isRefusal, reasonOf } from './failure.ts';
import type { OpenOptions } from './link.ts';
import { AllLost, type Loss, race } from './race.ts';
import { jitter, type Tuning } from './tuning.ts';

/** What a session holds: see `Link`. */
export interface Connection {
  readonly endpoint: Endpoint;
  readonly broken: Promise<Error>;
  fail(reason: unknown): void;
  close(): void;
}

export interface SessionParts<C extends Connection> {
  readonly endpoints: readonly Endpoint[];
  /** Milliseconds that an attempt at all of them may take. */
  readonly connectTimeout: number;
  readonly tuning: Tuning;
  readonly log: Logger;
  open(endpoint: Endpoint, options: OpenOptions): Promise<C>;
  /** There is another connection than before, or none any more. */
  changed(): void;
  explain(losses: readonly Loss<Endpoint>[]): LogcatchError;
}

/** Keeps one connection to whichever endpoint answers. It alone connects, so that pauses hold whoever asks. */
export class Session<C extends Connection> {
  readonly #parts: SessionParts<C>;
  readonly #stopping = new AbortController();
  /** The next to be asked is the first. Begins anywhere, so that agents spread over the members. */
  #order: Endpoint[];
  #connecting: AbortController | undefined;
  #current: C | undefined;
  /** The connection, or the outcome of the attempt that goes on or is next. */
  #attempt = attempt<C>();
  #running: Promise<void> | undefined;

  constructor(parts: SessionParts<C>) {
    this.#parts = parts;
    this.#order = [...parts.endpoints];
    for (let turns = Math.floor(Math.random() * this.#order.length); turns > 0; turns--) this.#last(this.#order[0]!);
  }

  /** The connection at this moment. */
  get current(): C | undefined {
    return this.#current;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** The connection, where there is none the outcome of the next attempt. @throws LC_SOURCE_UNREACHABLE */
  async connection(signal: AbortSignal): Promise<C> {
    this.#stopping.signal.throwIfAborted();
    return abortable(this.#attempt.promise, signal);
  }

  /** This one is of no use any more; `connection` waits for another. */
  drop(connection: C, reason: unknown): void {
    connection.fail(reason);
    if (this.#current !== connection) return;
    this.#current = undefined;
    this.#attempt = attempt();
  }

  /** Legal at any time, and twice. */
  async stop(): Promise<void> {
    const reason = new Error('the source stops');
    this.#stopping.abort(reason);
    this.#connecting?.abort(reason);
    this.#attempt.reject(reason);
    this.#current?.fail(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      let pause: number;
      try {
        const connection = await this.#connect();
        failures = 0;
        await this.#hold(connection);
        pause = Math.random() * this.#parts.tuning.spread;
      } catch (error) {
        pause = this.#pause(error, ++failures);
        this.#failed(error);
      }
      await sleep(pause, signal);
    }
  }

  async #connect(): Promise<C> {
    const { connectTimeout, tuning, open } = this.#parts;
    const limit = new AbortController();
    const deadline = Date.now() + connectTimeout;
    const timer = setTimeout(() => limit.abort(new Error(`no answer within ${connectTimeout} ms`)), connectTimeout);
    this.#connecting = limit;
    try {
      return await race({
        entrants: this.#order,
        stagger: tuning.stagger,
        signal: limit.signal,
        run: (endpoint, signal) => open(endpoint, { deadline, signal }),
      });
    } finally {
      clearTimeout(timer);
      this.#connecting = undefined;
    }
  }

  /** Until it is broken. */
  async #hold(connection: C): Promise<void> {
    const { log, changed } = this.#parts;
    if (this.#stopping.signal.aborted) return connection.close();
    const { url } = connection.endpoint;
    this.#current = connection;
    this.#attempt.resolve(connection);
    log.debug(`connected to etcd at ${url}`);
    changed();
    const reason = await connection.broken;
    if (this.#stopping.signal.aborted) return;
    log.info(`lost etcd at ${url}: ${reasonOf(reason)}`);
    this.#last(connection.endpoint);
    this.drop(connection, reason);
    changed();
  }

  #failed(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    const { explain, log } = this.#parts;
    const reason = error instanceof AllLost ? explain(error.losses) : error;
    log.debug(`cannot connect: ${reasonOf(reason)}`);
    const { reject } = this.#attempt;
    this.#attempt = attempt();
    reject(reason);
  }

  #pause(error: unknown, failures: number): number {
    const { refused, pause } = this.#parts.tuning;
    if (error instanceof AllLost && error.losses.some((loss) => isRefusal(loss.error))) return jitter(refused);
    return Math.min(pause, 500 * 2 ** failures) * (0.5 + 0.5 * Math.random());
  }

  #last(endpoint: Endpoint): void {
    this.#order = [...this.#order.filter((other) => other !== endpoint), endpoint];
  }
}

function attempt<C>(): PromiseWithResolvers<C> {
  const made = Promise.withResolvers<C>();
  // It may be that nobody asks.
  made.promise.catch(() => {});
  return made;
}
