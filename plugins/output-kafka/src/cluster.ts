import { type Address, formatAddress } from './address.ts';
import type { Call } from './call.ts';
import { failureOf } from './codes.ts';
import { SendFailure } from './failure.ts';
import { hedged } from './hedge.ts';
import type { Producer } from './sender.ts';
import type { Answer, Link, Metadata, NewTopic, OpenLink, Produced } from './wire.ts';

/** How long a broker may think before another one is asked as well, in ms. */
const patienceMs = 1500;

/**
 * Records and questions have connections of their own: a broker answers one connection in order, so a question behind a
 * write that waits for replicas would wait with it.
 */
type Use = 'records' | 'questions' | 'transactions';

interface Slot {
  readonly opening: Promise<Link>;
  link: Link | undefined;
}

/** The brokers: where they are, and a connection to each as long as it is needed. */
export class Cluster {
  readonly #seeds: readonly Address[];
  readonly #open: OpenLink;
  readonly #slots = new Map<string, Slot>();
  readonly #life = new AbortController();
  #nodes: ReadonlyMap<number, Address> = new Map();
  #controller = -1;
  /** The broker that answered last is asked first. */
  #best: Address | undefined;

  constructor(seeds: readonly Address[], open: OpenLink) {
    this.#seeds = seeds;
    this.#open = open;
  }

  async metadata(topics: readonly string[]): Promise<Metadata> {
    const metadata = await this.#ask((link) => link.metadata(topics));
    this.#nodes = metadata.nodes;
    this.#controller = metadata.controller;
    return metadata;
  }

  /** A producer id that nobody had before. */
  async initProducerId(): Promise<Producer> {
    const { code, producer } = await this.#ask((link) => link.initProducerId());
    if (code === 0) return producer;
    throw failureOf(
      code,
      code === 31 ? 'Grant the user IDEMPOTENT_WRITE on the cluster, or set `acks: leader`.' : undefined,
    );
  }

  async createTopic(topic: NewTopic): Promise<Answer> {
    return (await this.#link('questions', this.#whoCreates())).createTopic(topic);
  }

  async produce(
    node: number,
    topic: string,
    partition: number,
    records: Buffer,
    transactionalId?: string,
  ): Promise<Produced> {
    return (await this.#linkTo(node)).produce(topic, partition, records, transactionalId);
  }

  /** Asks a broker. @throws SendFailure */
  async request<T>(call: Call<T>, who: Address | 'any' | 'controller'): Promise<T> {
    if (who === 'any') return this.#ask((link) => link.request(call));
    return (await this.#link('transactions', who === 'controller' ? this.#whoCreates() : who)).request(call);
  }

  /** Where a broker listens, for people; `undefined` where that is not known. */
  addressOf(node: number): string | undefined {
    const address = this.#nodes.get(node);
    return address && formatAddress(address);
  }

  /** Connects to this broker, if that has not been done. @throws SendFailure */
  async reach(node: number): Promise<void> {
    await this.#linkTo(node);
  }

  /** Ends every connection, and every attempt to make one. */
  async close(): Promise<void> {
    const reason = new Error('the output stops');
    this.#life.abort(reason);
    const links = [...this.#slots.values()].map(({ opening }) => opening.then((link) => link.close(reason)));
    this.#slots.clear();
    await Promise.allSettled(links);
  }

  async #ask<T>(question: (link: Link) => Promise<T>): Promise<T> {
    const attempts = this.#candidates().map((address) => async () => {
      const answer = await question(await this.#link('questions', address));
      this.#best = address;
      return answer;
    });
    return hedged(attempts, patienceMs).catch((error: unknown) => {
      throw error instanceof AggregateError ? mostTelling(error.errors) : error;
    });
  }

  #whoCreates(): Address {
    const controller = this.#nodes.get(this.#controller);
    if (!controller) throw new SendFailure('LC_OUTPUT_UNREACHABLE', 'the controller of the cluster is not known');
    return controller;
  }

  #linkTo(node: number): Promise<Link> {
    const address = this.#nodes.get(node);
    if (!address) throw new SendFailure('LC_OUTPUT_UNREACHABLE', `broker ${node} is not known`);
    return this.#link('records', address);
  }

  #candidates(): Address[] {
    const known = [...this.#nodes.values(), ...this.#seeds];
    const all = new Map((this.#best ? [this.#best, ...known] : known).map((each) => [formatAddress(each), each]));
    return [...all.values()];
  }

  #link(use: Use, address: Address): Promise<Link> {
    const name = `${use} ${formatAddress(address)}`;
    const slot = this.#slots.get(name);
    if (slot && slot.link?.alive !== false) return slot.opening;
    const fresh: Slot = { opening: this.#open(address, this.#life.signal), link: undefined };
    this.#slots.set(name, fresh);
    fresh.opening.then(
      (link) => {
        fresh.link = link;
      },
      () => {
        if (this.#slots.get(name) === fresh) this.#slots.delete(name);
      },
    );
    return fresh.opening;
  }
}

/** Of the reasons why no broker answered, the one that a person can do most about; else all of them. */
export function mostTelling(errors: readonly unknown[]): SendFailure {
  const failures = errors.map((error) => SendFailure.from(error));
  const refusal = failures.find(({ code }) => code !== 'LC_OUTPUT_UNREACHABLE');
  if (refusal) return refusal;
  const text = [...new Set(failures.map(({ message }) => message))].join('; ');
  const hint = failures.find((failure) => failure.hint)?.hint;
  return new SendFailure('LC_OUTPUT_UNREACHABLE', text || 'no broker is known', { ...(hint && { hint }) });
}
