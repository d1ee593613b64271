import { setTimeout } from 'node:timers/promises';
import { consumeAll, createTopic, type Kafka, uniqueTopic, waitInSync } from '../servers/index.ts';
import { statusOf } from './agent.ts';
import { compare, type Delivery, type Load, valuesByKey } from './load.ts';
import { pick, shuffled } from './random.ts';
import { rounds } from './soak.ts';

/** What can happen to a broker: an orderly end, a crash, and a machine that hangs. */
export type FaultKind = 'stop' | 'kill' | 'pause';

const kinds: readonly FaultKind[] = ['stop', 'kill', 'pause'];

/** Breaks one of the brokers, any of them, for 0.3 to 4 s (in the soak 6); resolves when it serves again. */
async function breakOne({ nodes }: Kafka, kind: FaultKind, random: () => number): Promise<void> {
  const { server } = pick(nodes, random);
  if (kind === 'pause') server.pause();
  else await server.kill(kind === 'stop' ? 'SIGTERM' : 'SIGKILL');
  await setTimeout(300 + random() * rounds(3_700, 5_700));
  if (kind === 'pause') server.resume();
  else await server.restart();
}

/**
 * Breaks one broker after another, in each way so often, and lets the cluster recover at the end. Mostly the next one waits until
 * the replicas are in sync again; one time in four it does not, and partitions have too few replicas for a while.
 * @returns the order
 */
export async function playFaults(
  cluster: Kafka,
  topics: string[],
  { each, random }: { each: number; random: () => number },
): Promise<FaultKind[]> {
  const faults = shuffled(
    kinds.flatMap((kind) => Array<FaultKind>(each).fill(kind)),
    random,
  );
  for (const kind of faults) {
    await setTimeout(200 + random() * 1_500);
    await breakOne(cluster, kind, random);
    if (random() < 0.75) await waitInSync(cluster.brokers, topics);
  }
  await waitInSync(cluster.brokers, topics);
  return faults;
}

/** Topics of six partitions that are on all three brokers. */
export async function replicatedTopics(cluster: Kafka, prefixes: readonly string[]): Promise<string[]> {
  const topics = prefixes.map(uniqueTopic);
  for (const topic of topics) await createTopic(cluster.brokers, topic, 6, { replicationFactor: 3 });
  return topics;
}

/** How the lines of all files arrived, in all: the n-th load went to the n-th topic, keyed by the name of its file. */
export async function arrivals(
  brokers: string[],
  topics: readonly string[],
  loads: readonly Load[],
): Promise<Delivery> {
  const sum = { missing: 0, repeated: 0, reordered: 0 };
  for (const [n, load] of loads.entries()) {
    const values = valuesByKey(await consumeAll(brokers, topics[n]!));
    for (const name of load.names) {
      const delivery = compare(load.lines(name), values.get(`${name}.log`) ?? []);
      for (const count of ['missing', 'repeated', 'reordered'] as const) sum[count] += delivery[count];
    }
  }
  return sum;
}

/** What went wrong on the lanes of the output `kafka`, in all. @param file of a pipeline that runs */
export async function laneFigures(file: string) {
  const { components } = await statusOf(file);
  const lanes = components.find(({ id }) => id === 'kafka')!.output!.details!.lanes as unknown as LaneDetails[];
  const errors: Record<string, number> = {};
  for (const lane of lanes) {
    for (const [code, count] of Object.entries(lane.errors)) errors[code] = (errors[code] ?? 0) + count;
  }
  const sum = (figure: 'retries' | 'resets') => lanes.reduce((total, lane) => total + lane[figure], 0);
  return { retries: sum('retries'), resets: sum('resets'), errors };
}

interface LaneDetails {
  readonly retries: number;
  readonly resets: number;
  readonly errors: Readonly<Record<string, number>>;
}
