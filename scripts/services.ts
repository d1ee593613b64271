import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { didYouMean } from '../packages/core/src/config/wording.ts';
import { cacheDir, withLock } from '../test/servers/cache.ts';
import { etcdVersion, startEtcd } from '../test/servers/etcd.ts';
import { follow } from '../test/servers/follow.ts';
import { kafkaAnswers, startKafka } from '../test/servers/kafka.ts';
import { addressList, end, freePort, isFree, isRunning } from '../test/servers/process.ts';

const usage = `A local Kafka and etcd to try things out with. The same that the tests run on; no root needed.

  pnpm services up                                start both in the background (or say that they run)
  pnpm services status                            versions, addresses, logs
  pnpm services consume TOPIC [--from-beginning]  print records as they come, until Ctrl-C
  pnpm services down                              stop both and remove their data

KAFKA_BROKERS and ETCD_ENDPOINTS, where set, name servers to use instead of starting one.`;

/** A server that `up` has started, or was given: what the other commands need to know of it. */
interface Service {
  addresses: string[];
  version: string;
  /** Undefined for a server that the environment names. */
  pid?: number;
  dataDir?: string;
  logFile?: string;
}
type Name = 'kafka' | 'etcd';
type State = Partial<Record<Name, Service>>;

const folder = join(cacheDir(), 'services');
const stateFile = join(folder, 'state.json');
const labels = { kafka: 'Kafka', etcd: 'etcd' };
const usualPorts = { kafka: 9092, etcd: 2379 };

async function up(): Promise<void> {
  const state = load();
  const problems: unknown[] = [];
  for (const name of ['kafka', 'etcd'] as const) {
    const before = state[name];
    if (before !== undefined && (await runs(before))) {
      process.stdout.write(`${labels[name]} runs already.\n`);
      continue;
    }
    const dataDir = join(folder, name);
    await mkdir(dataDir, { recursive: true });
    try {
      state[name] = await start(name, dataDir, before);
      await writeFile(stateFile, `${JSON.stringify(state, undefined, 2)}\n`); // at once: `down` has to find it
    } catch (error) {
      problems.push(error);
    }
  }
  await status();
  if (problems.length > 0) throw new Error(problems.map(message).join('\n\n'));
  process.stdout.write(`
Next: pnpm services consume TOPIC --from-beginning   prints what arrives in a topic
      pnpm services down                             stops both and removes their data\n`);
}

/** @param before the same server, which does not run any more */
async function start(name: Name, dataDir: string, before: Service | undefined): Promise<Service> {
  const given = addressList(name === 'kafka' ? 'KAFKA_BROKERS' : 'ETCD_ENDPOINTS');
  const port = given === undefined ? await choosePort(name, before) : undefined;
  const options = port === undefined ? {} : { port, dataDir, detached: true };
  if (name === 'kafka') {
    const kafka = await startKafka(options);
    return service(kafka.brokers, kafka.version, kafka.nodes[0]?.server);
  }
  const etcd = await startEtcd(options);
  return service(etcd.endpoints, etcd.version, etcd.node);
}

function service(
  addresses: string[],
  version: string,
  node: { pid: number | undefined; dataDir: string; logFile: string } | undefined,
): Service {
  if (node?.pid === undefined) return { addresses, version };
  return { addresses, version, pid: node.pid, dataDir: node.dataDir, logFile: node.logFile };
}

async function choosePort(name: Name, before: Service | undefined): Promise<number> {
  // Whoever was told of it still asks there.
  const had = Number(/:(\d+)$/.exec(before?.pid === undefined ? '' : before.addresses[0]!)?.[1]);
  if (had > 0 && (await isFree(had))) return had;
  const usual = usualPorts[name];
  if (await isFree(usual)) return usual;
  const other = await freePort();
  process.stdout.write(
    `Port ${usual} is taken by another program, so ${labels[name]} gets port ${other}. To use that program as ${labels[name]} ` +
      `instead: pnpm services down, then ${name === 'kafka' ? `KAFKA_BROKERS=127.0.0.1:${usual}` : `ETCD_ENDPOINTS=http://127.0.0.1:${usual}`} pnpm services up\n`,
  );
  return other;
}

async function down(): Promise<void> {
  const state = load();
  for (const name of ['kafka', 'etcd'] as const) {
    const known = state[name];
    const { pid, dataDir } = known ?? {};
    const ours = pid !== undefined && dataDir !== undefined;
    if (ours && (await isRunning(pid, dataDir))) {
      await end(pid, dataDir);
      process.stdout.write(`${labels[name]} is stopped.\n`);
    } else if (known !== undefined && !ours) {
      process.stdout.write(`${labels[name]} was given by the environment; it is left alone.\n`);
    } else {
      process.stdout.write(`${labels[name]} was not running.\n`);
    }
  }
  for (const name of ['kafka', 'etcd', 'state.json']) await rm(join(folder, name), { recursive: true, force: true });
}

async function status(): Promise<void> {
  const state = load();
  const lines: string[] = [];
  for (const name of ['kafka', 'etcd'] as const) {
    const known = state[name];
    if (known === undefined || !(await runs(known))) {
      lines.push(
        `${labels[name].padEnd(6)}not running${known?.logFile ? ` any more, see ${known.logFile};` : ','} start it with: pnpm services up`,
      );
      continue;
    }
    const origin = known.pid === undefined ? 'given by the environment' : `process ${known.pid}, log ${known.logFile}`;
    lines.push(`${labels[name].padEnd(6)}${known.addresses.join(',')}  ${known.version}  ${styleText('dim', origin)}`);
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function runs(known: Service): Promise<boolean> {
  if (known.pid !== undefined) return isRunning(known.pid, known.dataDir ?? '');
  const asked = known.addresses[0]?.includes('://') ? etcdVersion(known.addresses) : kafkaAnswers(known.addresses);
  return asked.then(
    () => true,
    () => false,
  );
}

async function consume(topic: string, fromBeginning: boolean): Promise<void> {
  const brokers = addressList('KAFKA_BROKERS') ?? load().kafka?.addresses;
  if (brokers === undefined) throw new Error('No Kafka is known here. Start one with: pnpm services up');
  const end = new AbortController();
  process.once('SIGINT', () => end.abort()); // how it is meant to end; a second one does not wait for the reader of the pipe
  await follow(brokers, topic, fromBeginning, process.stdout, end.signal);
}

function load(): State {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8')) as State;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${stateFile} can't be read. Stop the servers by hand and remove it.`, { cause: error });
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(error: unknown): void {
  process.stderr.write(`${message(error)}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { 'from-beginning': { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
  });
  const [command, topic, ...rest] = positionals;
  const alone = topic === undefined;
  const locked = (body: () => Promise<void>) => withLock(`${folder}.lock`, 'starting or stopping services', body);
  if (values.help) process.stdout.write(`${usage}\n`);
  else if (command === 'up' && alone) await locked(up);
  else if (command === 'down' && alone) await locked(down);
  else if (command === 'status' && alone) await status();
  else if (command === 'consume' && !alone && rest.length === 0) await consume(topic, values['from-beginning']);
  else throw new Error(`${misunderstood(command)}\n\n${usage}`);
}

function misunderstood(command: string | undefined): string {
  const commands = ['up', 'down', 'status', 'consume'];
  if (command === undefined) return 'A command is missing.';
  if (commands.includes(command)) return `${command} is not used like this.`;
  return `There is no command ${JSON.stringify(command)}${didYouMean(command, commands) || '.'}`;
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // as in `pnpm services consume TOPIC | head`
  fail(error);
});
main().then(() => process.stdout.write('', () => process.exit()), fail); // once all is with the reader of a pipe
