import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Agent } from '../agent.ts';
import { Cluster, type Fault, type Step } from '../fixtures/cluster.ts';
import { World } from '../fixtures/memory.ts';
import { until } from '../fixtures/scene.ts';

type Action =
  | { readonly do: 'write'; readonly stream: 'a' | 'b'; readonly lines: readonly boolean[] }
  | { readonly do: 'fail'; readonly step: Step; readonly faults: readonly (Fault | undefined)[] }
  | { readonly do: 'wait'; readonly milliseconds: number }
  /** A second agent with the same id is started by mistake. */
  | { readonly do: 'start'; readonly copy: boolean }
  | { readonly do: 'kill' | 'stop'; readonly lost: boolean }
  | { readonly do: 'change'; readonly to: Setup };

/** What a reload changes: each makes another component anew. */
interface Setup {
  readonly batch: number;
  readonly slow: boolean;
  readonly room: number;
}

const setup: fc.Arbitrary<Setup> = fc.record({
  batch: fc.integer({ min: 1, max: 4 }),
  slow: fc.boolean(),
  room: fc.integer({ min: 5, max: 20 }),
});

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      stream: fc.constantFrom('a' as const, 'b' as const),
      lines: fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), milliseconds: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      step: fc.constantFrom('write' as const, 'commit' as const, 'recover' as const),
      faults: fc.array(fc.constantFrom('before' as const, 'after' as const, undefined), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'stop' as const), lost: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('start' as const), copy: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), to: setup }) },
);

/** Agents with one id, of which one after the other writes to a cluster. */
class Fleet {
  readonly world = new World();
  readonly cluster = new Cluster();
  #setup: Setup;
  /** Each with its number, the newest last. */
  readonly #running = new Map<Agent, number>();
  readonly #stopping: Promise<unknown>[] = [];
  #lives = 0;
  #count = 0;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.world.add('a');
    this.world.add('b');
    // Small transactions, and something of the next one on its way whenever one is committed.
    this.cluster.bytes = 9;
    this.cluster.distance = 1;
    this.cluster.committed = () => this.check();
  }

  async start(): Promise<void> {
    const engine = this.world.engine();
    for (const plugin of this.cluster.plugins) engine.use(plugin);
    const agent = await Agent.create(engine, { file: this.#configure(this.#lives), once: false });
    agent.start();
    this.#running.set(agent, this.#lives);
  }

  async act(one: Action): Promise<void> {
    switch (one.do) {
      case 'write':
        this.world.add(one.stream, ...one.lines.map((kept) => `${kept ? '' : '#'}${one.stream}${this.#count++}`));
        break;
      case 'fail':
        this.cluster.faults[one.step].push(...one.faults);
        break;
      case 'wait':
        await setTimeout(one.milliseconds);
        break;
      case 'start':
        this.#move(one.copy);
        await this.start();
        break;
      case 'change':
        this.#setup = one.to;
        for (const [agent, life] of this.#running) {
          this.#configure(life);
          await agent.reloadFile();
        }
        break;
      default:
        if (one.do === 'kill') this.cluster.kill();
        else await this.stop();
        this.#move(!one.lost);
        this.#stopping.push(this.stop());
        await this.start();
    }
  }

  async stop(): Promise<void> {
    const running = [...this.#running.keys()];
    this.#running.clear();
    await Promise.all(running.map((agent) => agent.stop()));
  }

  async clean(): Promise<void> {
    await this.stop();
    await Promise.all(this.#stopping);
    await this.world.clean();
  }

  expected(stream: string, end = Infinity): string[] {
    return this.world.streams
      .get(stream)!
      .slice(0, end)
      .filter((text) => !text.startsWith('#'));
  }

  /** What is committed is what lies before the positions, whenever that is looked at. */
  check(): void {
    const positions = new Map<string, number>();
    // Where two agents have found a source before either has committed, one row of it is never used and stays at its start.
    for (const { path, position } of this.cluster.known)
      positions.set(path, Math.max(position, positions.get(path) ?? 0));
    for (const stream of ['a', 'b']) {
      const seen = this.cluster.textsOf(stream);
      const expected = this.expected(stream, positions.get(stream) ?? 0);
      if (seen.join() !== expected.join()) this.cluster.broken.push(`${stream}: ${seen} instead of ${expected}`);
    }
  }

  #configure(life: number): string {
    const { batch, slow, room } = this.#setup;
    const file = `${this.#folder(life)}.yaml`;
    const yaml = `
name: test
agent_id: test
data_dir: ${this.#folder(life)}
shutdown_timeout: 2s
inputs: { app: { type: memory, streams: [a, b], batch: ${batch} } }
transforms: { sieve: { type: sieve, slow: ${slow} } }
outputs: { out: { type: exact, queue: { max_records: ${room} } } }
`;
    writeFileSync(file, yaml);
    return file;
  }

  /** The next one has a data_dir of its own: a copy of this one's as it is now, as a kill would leave it, or nothing. */
  #move(copy: boolean): void {
    const from = this.#folder(this.#lives);
    this.#lives++;
    const to = this.#folder(this.#lives);
    mkdirSync(to);
    for (const name of copy ? readdirSync(from) : []) {
      if (name.startsWith('state.db')) copyFileSync(join(from, name), join(to, name));
    }
  }

  #folder(life: number): string {
    return join(this.world.folder, `data-${life}`);
  }
}

test('property: every line is committed once and in order, and positions are those of what is committed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 25 }), setup, async (actions, first) => {
      const fleet = new Fleet(first);
      const { cluster } = fleet;
      try {
        await fleet.start();
        for (const one of actions) await fleet.act(one);
        // Each one more makes the pause before the next try longer.
        for (const faults of Object.values(cluster.faults)) faults.length = 0;
        await until(() => {
          expect(cluster.broken).toEqual([]);
          for (const stream of ['a', 'b']) expect(cluster.textsOf(stream)).toEqual(fleet.expected(stream));
        });
        await fleet.stop();
        fleet.check();
        expect(cluster.broken).toEqual([]);
      } finally {
        await fleet.clean();
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 30), endOnFailure: true },
  );
}, 120_000);
