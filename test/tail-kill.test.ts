import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Account, PathReport } from '@logcatch/core';
import { expect, it, onTestFinished } from 'vitest';
import { consumeAll, createTopic, uniqueTopic } from './servers/index.ts';
import { describeWith, kafka } from './servers/require.ts';
import { sumOf } from './support/account.ts';
import { pipelineFile, runPipeline, startAgent, temporaryFolder } from './support/agent.ts';
import { compare, Load, valuesByKey } from './support/load.ts';
import { rounds } from './support/soak.ts';

/** Bytes of one file that a kill can repeat: its window, and the batch that reached it. */
const window = (4 << 20) + (512 << 10);

/** Renames every log once a second, and remembers which lines each generation has. */
class Rotations {
  /** Name -> for each generation the number of lines written before it. */
  readonly starts = new Map<string, number[]>();
  readonly #load: Load;
  readonly #timer: NodeJS.Timeout;

  constructor(load: Load) {
    this.#load = load;
    for (const name of load.names) this.starts.set(name, [0]);
    this.#timer = setInterval(() => this.#rotate(), 1_000);
    onTestFinished(() => this.stop());
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #rotate(): void {
    for (const [name, starts] of this.starts) {
      this.#load.rename(name, starts.length);
      starts.push(this.#load.count(name));
    }
  }
}

interface Arrivals {
  /** Lines that never came. */
  readonly missing: number;
  /** Places where a line came before one that precedes it in its file. */
  readonly skipped: number;
  /** Bytes of each stretch of lines that came again. */
  readonly repeats: readonly number[];
}

/** How the lines of one file arrived: each time from where it went back to on, without a gap. */
function arrivalsOf(
  numbers: readonly number[],
  first: number,
  end: number,
  bytesOf: (number: number) => number,
): Arrivals {
  let next = first;
  let skipped = 0;
  const repeats: number[] = [];
  let previous = first - 1;
  for (const number of numbers) {
    if (number > previous + 1) skipped++;
    if (number <= previous) repeats.push(0);
    if (number < next) repeats.push(repeats.pop()! + bytesOf(number));
    next = Math.max(next, number + 1);
    previous = number;
  }
  return { missing: end - first - new Set(numbers).size, skipped, repeats };
}

interface Row {
  readonly meta: { readonly ino: string };
  readonly position: number;
  readonly account: Account;
}

describeWith(['kafka'], 'kill -9 under rotation', () => {
  it('20,000 lines/s, a rotation every second: nothing lost, each file in order, repeats within the window', {
    timeout: 3_600_000,
  }, async () => {
    const kills = rounds(5, 50);
    const { brokers } = kafka();
    const folder = temporaryFolder();
    const logs = join(folder, 'logs');
    mkdirSync(logs);
    const topic = uniqueTopic('kill');
    await createTopic(brokers, topic, 4);
    // With this linger there always are lines that were read and not written yet: what a wrong position would lose.
    const file = pipelineFile(
      folder,
      `
inputs: { app: { type: file-tail, paths: "./logs/{app}.log*", oldest_first: true } }
outputs:
  kafka: { type: kafka, brokers: "${brokers.join(',')}", topic: ${topic}, key: "{{ app }}", linger: 100ms }`,
    );
    const load = new Load(logs, ['a', 'b', 'c', 'd']);
    for (const name of load.names) load.append(name, 1);
    load.start(20_000);
    const rotations = new Rotations(load);
    for (let kill = 0; kill < kills; kill++) {
      const agent = await startAgent(file);
      await setTimeout(Math.random() * 2_500);
      await agent.crash();
    }
    rotations.stop();
    load.stop();
    // The last rotation may have come after the last line.
    for (const name of load.names) load.append(name, 1);
    expect(await runPipeline('run', file, '--once')).toMatchObject({ code: 0 });

    const values = valuesByKey(await consumeAll(brokers, topic, { timeoutMs: 300_000 }));
    const repeats: number[] = [];
    let reordered = 0;
    for (const [name, starts] of rotations.starts) {
      const numbers = values.get(name)!.map((line) => Number(line.split(' ')[1]));
      const bytesOf = (number: number) => load.line(name, number).length + 1;
      for (const [generation, start] of starts.entries()) {
        const end = starts[generation + 1] ?? load.count(name);
        const own = numbers.filter((number) => number >= start && number < end);
        const arrivals = arrivalsOf(own, start, end, bytesOf);
        expect({ name, generation, ...arrivals }).toMatchObject({ missing: 0, skipped: 0 });
        repeats.push(...arrivals.repeats);
      }
      reordered += compare(load.lines(name), values.get(name)!).reordered;
    }
    expect(Math.max(0, ...repeats)).toBeLessThanOrEqual(window);

    const generations = [...rotations.starts.values()].flat().length;
    const rows = JSON.parse((await runPipeline('checkpoints', file, 'ls', '--json')).stdout) as Row[];
    // A row keeps the path at which its file was found. All files are still there, each with all of its bytes delivered.
    const files = readdirSync(logs).map((name) => statSync(join(logs, name)));
    expect(files).toHaveLength(generations);
    const accounts = new Map(rows.map(({ meta, position, account }) => [meta.ino, { position, ...account }]));
    for (const { ino, size } of files) {
      const account = accounts.get(String(ino))!;
      expect(account).toMatchObject({ position: size, discovered: size, delivered: size, pending: 0, abandoned: {} });
      expect(sumOf(account)).toBe(size);
    }
    const report = JSON.parse((await runPipeline('explain', file, load.path('a'), '--json')).stdout) as PathReport;
    expect(sumOf(report.account)).toBe(report.account.discovered);
    // Some kill came after lines were delivered and before their position was stored.
    expect(repeats.length).toBeGreaterThan(0);
    const all = repeats.reduce((sum, bytes) => sum + bytes, 0);
    console.log(
      `${kills} kills, ${generations} files, ${load.total} lines: none lost; ${repeats.length} files repeated ${all} bytes in all, ` +
        `at most ${Math.max(0, ...repeats)} at once; ${reordered} lines came before an older file of their log was done`,
    );
  });
});
