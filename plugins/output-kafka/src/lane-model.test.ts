import { BufferPool } from '@logcatch/core';
import { batchOf, Stuck } from '@logcatch/plugin-api';
import { MemorySources } from '@logcatch/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { doubtful, type Fault, ModelCluster, noFault, refusals, turns } from './fixtures/model-cluster.ts';
import { Recorder, TextBuilder, type Texts } from './fixtures/texts.ts';
import { Lane } from './lane.ts';
import { type Rules, rules } from './rules.ts';

const partitions = 3;
const pool = new BufferPool(1 << 30);
const sources = new MemorySources().open(['a', 'b'].map((path) => ({ path, meta: {} })));
const { signal } = new AbortController();

interface Step {
  readonly source: number;
  readonly partition: number;
  readonly texts: readonly string[];
  readonly withdraw: boolean;
  /** Turns of the event loop before the next step. */
  readonly wait: number;
}

interface Play {
  readonly faults: readonly Fault[];
  readonly steps: readonly Step[];
  readonly inFlight: number;
  readonly rules?: Rules;
  readonly idempotent?: boolean;
}

const kinds: Fault['kind'][] = ['none', 'none', 'answer', 'silence', 'move', 'unreachable'];
const faultOf = (...kinds: Fault['kind'][]): fc.Arbitrary<Fault> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    code: fc.constantFrom(...refusals, ...doubtful),
    appended: fc.boolean(),
    delay: fc.integer({ min: 0, max: 3 }),
  });
const text = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('r', 'record', 'a longer record') },
  { weight: 1, arbitrary: fc.constantFrom('poison', 'L'.repeat(40)) },
);
const step: fc.Arbitrary<Step> = fc.record({
  source: fc.integer({ min: 0, max: 1 }),
  partition: fc.integer({ min: 0, max: partitions - 1 }),
  texts: fc.array(text, { minLength: 1, maxLength: 10 }),
  withdraw: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  wait: fc.integer({ min: 0, max: 3 }),
});
const playOf = (...kinds: Fault['kind'][]): fc.Arbitrary<Play> =>
  fc.record({
    faults: fc.array(faultOf(...kinds), { maxLength: 40 }),
    steps: fc.array(step, { minLength: 1, maxLength: 12 }),
    inFlight: fc.integer({ min: 1, max: 5 }),
  });

/** Plays it to the end, and says what went wrong: every record is answered once, and the answer is true. */
async function faultsOf({ faults, steps, inFlight, rules: given = rules, idempotent = true }: Play): Promise<string[]> {
  const cluster = new ModelCluster(faults, { partitions, nodes: 2, idempotent });
  const lanes = cluster.partitions.map(
    (_, partition) =>
      new Lane<Texts>('logs', partition, {
        sender: cluster,
        encoding: { builder: (limit) => new TextBuilder(limit), release: () => {} },
        linger: 0,
        batchBytes: 20,
        inFlight,
        troubles: { set: () => {}, clear: () => {} },
        log: { warn: () => {} },
        backoff: () => 0,
        rules: given,
      }),
  );
  const slices: { step: Step; slice: Recorder }[] = [];
  for (const [n, step] of steps.entries()) {
    const texts = step.texts.map((text, i) => `${text} ${step.source} ${n * 100 + i}`);
    const slice = new Recorder(await batchOf(sources[step.source]!, texts, { start: 0, buffers: pool, signal }));
    slices.push({ step, slice });
    lanes[step.partition]!.push(slice);
    await turns(step.wait);
    if (step.withdraw) lanes[step.partition]!.withdraw(slice, 'withdrawn');
  }
  await Promise.all(slices.map(({ slice }) => slice.done));
  await turns(10);
  const wrong = cluster.replaced.map(({ payload }) => `other records under one sequence number: ${payload}`);
  // What was on its way to a partition that is gone is given back, whatever became of it.
  const gone = faults.some(({ kind }) => kind === 'gone');
  for (const [partition, { log: all }] of cluster.partitions.entries()) {
    const written: string[] = [];
    const doubtful = new Set<string>();
    for (const { step, slice } of slices.filter(({ step }) => step.partition === partition)) {
      for (const [index, answer] of slice.answers.entries()) {
        const text = slice.batch.text(index);
        if (typeof answer === 'bigint') {
          written.push(text);
          if (all[Number(answer)] !== text) wrong.push(`not at its offset: ${text}`);
        } else if (answer === 'returned' && gone) doubtful.add(text);
        else if (all.includes(text)) wrong.push(`written, though not said so: ${text}`);
        if (typeof answer === 'object' && !/^(poison|L)/.test(text)) wrong.push(`refused: ${text}`);
        const wanted = !step.withdraw && !(slice.reason instanceof Stuck);
        if (answer === 'returned' && wanted && !gone) wrong.push(`given back: ${text}`);
      }
    }
    const log = all.filter((text) => !doubtful.has(text));
    if (JSON.stringify(log) !== JSON.stringify(written)) {
      const counts = new Map(log.map((text) => [text, log.filter((each) => each === text).length]));
      const lost = written.filter((text) => !counts.has(text));
      const repeated = [...counts].filter(([, count]) => count > 1);
      wrong.push(
        lost.length > 0 ? `lost: ${lost}` : repeated.length > 0 ? `repeated: ${repeated}` : `reordered: ${log}`,
      );
    }
  }
  return wrong;
}

describe('lanes, whatever brokers do', () => {
  test('nothing is lost, repeated or reordered, and every record is answered once', async () => {
    await fc.assert(
      fc.asyncProperty(playOf(...kinds), async (given) => {
        expect(await faultsOf(given)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test('a partition that goes and comes again: what was on its way is given back, and all else is as true', async () => {
    await fc.assert(
      fc.asyncProperty(playOf(...kinds, 'gone'), async (given) => {
        expect(await faultsOf(given)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  /** The first things that go wrong when a rule is broken, among many plays. */
  async function damage(broken: Partial<Play>): Promise<string> {
    const property = fc.asyncProperty(
      playOf(...kinds),
      async (given) => (await faultsOf({ ...given, ...broken })).length === 0,
    );
    const { failed, counterexample } = await fc.check(property, { numRuns: 2000, seed: 1, endOnFailure: true });
    return failed ? (await faultsOf({ ...counterexample![0], ...broken })).join('\n') : 'none';
  }

  test('with several on their way to a broker that knows nothing of us, records change places', async () => {
    const small = { source: 0, partition: 0, withdraw: false, wait: 0 };
    const lowest: Play = {
      faults: [{ ...noFault, kind: 'answer', code: 19 }],
      steps: [{ ...small, texts: ['x'.repeat(18), 'y'.repeat(18)] }],
      inFlight: 2,
    };
    const always: Rules = { ...rules, window: (_confirmed, inFlight) => inFlight };
    expect(await faultsOf(lowest)).toEqual([]);
    expect(await faultsOf({ ...lowest, rules: always })).toEqual([expect.stringContaining('reordered')]);
    expect(await damage({ rules: always, inFlight: 5 })).toMatch(/reordered|lost|repeated/);
  });

  test('with other bytes under the sequence number of what may have been appended, records are repeated', async () => {
    expect(await damage({ rules: { ...rules, identical: () => false } })).toMatch(
      /other records under|though not said/,
    );
  });

  test('without idempotence, records are repeated', async () => {
    expect(await damage({ idempotent: false })).toMatch(/repeated|though not said/);
  });
});
