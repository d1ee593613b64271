import { type Examined, errorTable, type Finding, Missing, plural } from '@logcatch/plugin-api';
import { type Address, formatAddress, parseAddress } from './address.ts';
import { failureOf, succeeded } from './codes.ts';
import { type Described, type DescribedTopic, describe, versions } from './diagnosis-calls.ts';
import { SendFailure } from './failure.ts';
import { openLink } from './link.ts';
import { linkSettings } from './link-settings.ts';
import type { Options } from './options.ts';
import { missing, noLeader, refused } from './topic-failure.ts';
import { findCoordinator } from './transaction-calls.ts';
import type { Link } from './wire.ts';

/** Requests that we need, by their keys, with the least version, which Kafka has had since 2.5. */
const needed: ReadonlyMap<number, number> = new Map([
  [3, 8], // Metadata
  [22, 3], // InitProducerId
]);
/** Where brokers keep transactions: made by the first one. */
const transactionState = '__transaction_state';
/** For each connection and question, in ms, where options allow more: somebody waits. */
const longestMs = 8_000;
/** Topics that are looked at. */
const mostTopics = 1_000;

type Patient = Examined<Options>;

/** Whether brokers, logins and topics are there. Asks only. */
export async function* diagnose(components: readonly Patient[], signal: AbortSignal): AsyncGenerator<Finding> {
  const all = components.map((one) => collect(one, signal));
  for (const findings of all) yield* await findings;
}

async function collect(one: Patient, signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of cluster(one, signal))
    findings.push({ ...finding, what: `${one.context.id}: ${finding.what}` });
  return findings;
}

async function* cluster({ options, context, attributes }: Patient, signal: AbortSignal): AsyncGenerator<Finding> {
  const settings = linkSettings(
    {
      ...options,
      connect_timeout: Math.min(options.connect_timeout, longestMs),
      request_timeout: Math.min(options.request_timeout, longestMs),
    },
    context,
  );
  const open = async (address: Address): Promise<Link | SendFailure> =>
    openLink(address, settings, signal).catch((error) => SendFailure.from(error));
  const reach = (addresses: readonly Address[]) =>
    Promise.all(addresses.map(async (address) => ({ name: formatAddress(address), link: await open(address) })));
  const login = `${options.tls === false ? '' : ', TLS works'}${options.sasl ? ', the login is accepted' : ''}`;
  const tell = ({ name, link }: { name: string; link: Link | SendFailure }, role: string): Finding =>
    link instanceof SendFailure ? failed(link, role) : { level: 'ok', what: `${role}${name} answers${login}` };

  const seeds = options.brokers.flatMap((text) => parseAddress(text) ?? []);
  const reached = await reach(seeds);
  const links = () => reached.flatMap(({ link }) => (link instanceof SendFailure ? [] : [link]));
  try {
    for (const one of reached) yield tell(one, '');
    const [link] = links();
    if (!link) return;
    const { highest } = await link.request(versions());
    if ([...needed].some(([key, least]) => (highest.get(key) ?? -1) < least)) {
      const hint = 'Bring the brokers to 2.5 or newer.';
      yield { level: 'problem', what: 'the brokers are older than Kafka 2.5', hint };
      return;
    }
    const { names, unknown } = topicsOf(options, attributes);
    const described = await link.request(describe([...names, transactionState]));
    const seen = new Set(seeds.map(formatAddress));
    const others = described.brokers.filter((broker) => !seen.has(formatAddress(broker)));
    const advertised = await reach(others);
    reached.push(...advertised);
    for (const one of advertised) yield tell(one, 'the brokers name another one: ');
    yield* topics(options, described, new Set(names));
    if (unknown)
      yield {
        level: 'warning',
        what: `topics depend on records: those of "${options.topic.text}" are not all known`,
        hint: 'Look at the ones that matter yourself.',
      };
    if (options.delivery === 'exactly-once') yield await transactions(link, described, context.id);
  } catch (error) {
    yield failed(SendFailure.from(error), '');
  } finally {
    const over = new Error('the examination is over');
    await Promise.allSettled(links().map((link) => link.close(over)));
  }
}

/** The topics that are known beforehand: of constant text, and of attributes that inputs set. */
export function topicsOf(
  { topic }: Pick<Options, 'topic'>,
  attributes: Patient['attributes'],
): { readonly names: readonly string[]; readonly unknown: boolean } {
  if (topic.names.length === 0) return { names: [topic.text], unknown: false };
  const values = attributes.map((one) =>
    topic.value({ attribute: (name) => (Object.hasOwn(one, name) ? one[name] : undefined) }, 0),
  );
  const names = [...new Set(values.filter((value) => typeof value === 'string'))];
  const unknown = values.length === 0 || names.length > mostTopics || values.some((value) => value instanceof Missing);
  return { names: names.slice(0, mostTopics), unknown };
}

function* topics(
  { brokers, create_topics }: Options,
  described: Described,
  wanted: ReadonlySet<string>,
): Generator<Finding> {
  const servers = brokers.join(',');
  for (const topic of described.topics) {
    if (!wanted.has(topic.name)) continue;
    const { name, code, partitions, writable } = topic;
    if (code === 3 && create_topics) {
      yield { level: 'ok', what: `topic ${name} does not exist, and will be created (create_topics)` };
    } else if (code === 3) yield failed(missing(name, servers), '');
    else if (code !== 0) yield failed(refused(name, code, servers), `topic ${name}: `);
    else if (topic.leaderless > 0)
      yield failed(noLeader(), `${topic.leaderless} of ${partitions} partitions of ${name}: `);
    else if (writable === false) yield failed(refused(name, 29, servers), `topic ${name}: `);
    else
      yield {
        level: 'ok',
        what: `topic ${name} has ${plural(partitions, 'partition')}${writable ? ' and may be written' : ''}`,
      };
  }
}

async function transactions(link: Link, { topics }: Described, id: string): Promise<Finding> {
  // Asked for a coordinator, a broker would make the topic.
  if (topics.find(({ name }: DescribedTopic) => name === transactionState)?.code !== 0) {
    return {
      level: 'ok',
      what: 'no transaction was made on this cluster yet; the first one will tell whether it may be',
    };
  }
  const { code, address } = await link.request(findCoordinator(`logcatch/doctor/${id}`));
  if (!succeeded(code))
    return failed(
      failureOf(code, 'Grant the user DESCRIBE and WRITE on the transactional ids logcatch/*.'),
      'transactions: ',
    );
  return { level: 'ok', what: `transactions may be made: ${formatAddress(address)} keeps them` };
}

function failed({ code, message, hint }: SendFailure, about: string): Finding {
  return { level: 'problem', what: `${code} ${about}${message}`, hint: hint ?? errorTable[code].hint };
}
