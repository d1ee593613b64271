import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { EtcdKey } from './etcd.ts';
import type { FleetNews, FleetOrder } from './fleet-process.ts';

const program = fileURLToPath(new URL('fleet-process.ts', import.meta.url));
const processes = 2;
/** Milliseconds; only catches hangs. */
const patience = 120_000;

/** The configuration sources of many agents on one key, whose values are numbers. */
export class Fleet {
  readonly agents: number;
  /** All values that each agent has had, in order. */
  readonly values: readonly number[][];
  readonly #children: ChildProcess[];
  /** When which value was in hand, as `Date.now()` counts. */
  readonly #arrivals = new Map<number, number[]>();
  readonly #sizes: number[] = [];
  readonly #failed = Promise.withResolvers<never>();
  readonly #looks = new Set<() => void>();

  constructor(agents: number, { endpoint, key }: EtcdKey) {
    this.agents = agents;
    this.values = Array.from({ length: agents }, () => []);
    this.#failed.promise.catch(() => {});
    this.#children = Array.from({ length: processes }, (_, index) => {
      const [from, to] = [index, index + 1].map((part) => Math.round((agents * part) / processes)) as [number, number];
      const order: FleetOrder = { endpoint, key, from, to };
      const child = fork(program, [JSON.stringify(order)]);
      child.on('message', (news: FleetNews) => this.#take(news));
      const exited = once(child, 'exit');
      exited.then(([code, signal]) => this.#failed.reject(new Error(`a fleet process ended: ${signal ?? code}`)));
      onTestFinished(async () => {
        child.kill('SIGKILL');
        await exited;
      });
      return child;
    });
  }

  /** When each agent had this value, as `Date.now()` counts; waits until all have it. */
  async have(value: number): Promise<readonly number[]> {
    const arrived = () => this.#arrivals.get(value) ?? [];
    await this.#until(
      () => arrived().length >= this.agents,
      () => `${arrived().length} of ${this.agents} agents have value ${value}`,
    );
    return arrived();
  }

  /** Bytes of memory of all processes: when they had no agent yet, and now. Call it once. */
  async memory(): Promise<{ empty: number; now: number }> {
    for (const child of this.#children) child.send('size');
    await this.#until(
      () => this.#sizes.length >= 2 * processes,
      () => 'no sizes',
    );
    const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);
    return { empty: sum(this.#sizes.slice(0, processes)), now: sum(this.#sizes.slice(processes)) };
  }

  /** Stops all agents. @returns the exit codes of the processes */
  stop(): Promise<(number | null)[]> {
    return Promise.all(
      this.#children.map(async (child) => {
        const exited = once(child, 'exit');
        child.disconnect();
        return (await exited)[0];
      }),
    );
  }

  #take(news: FleetNews): void {
    if ('rss' in news) this.#sizes.push(news.rss);
    else {
      const value = Number(news.value);
      this.values[news.agent]!.push(value);
      const arrivals = this.#arrivals.get(value);
      if (arrivals) arrivals.push(news.at);
      else this.#arrivals.set(value, [news.at]);
    }
    for (const look of this.#looks) look();
  }

  async #until(done: () => boolean, facts: () => string): Promise<void> {
    const enough = Promise.withResolvers<void>();
    const look = () => done() && enough.resolve();
    const timer = setTimeout(() => enough.reject(new Error(`after ${patience} ms: ${facts()}`)), patience);
    this.#looks.add(look);
    look();
    try {
      await Promise.race([enough.promise, this.#failed.promise]);
    } finally {
      clearTimeout(timer);
      this.#looks.delete(look);
    }
  }
}
