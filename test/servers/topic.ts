import { type Aborted, type ConsumedRecord, decodeBatches } from './records.ts';
import { type Answer, Connection, check, Fields, WireError } from './wire.ts';

/** `committed` leaves out records of open and aborted transactions, as a careful reader would. */
export type Isolation = 'committed' | 'uncommitted';

interface Leaders {
  /** Node id -> host:port, of every broker. */
  nodes: Map<number, string>;
  /** Partition -> node id of its leader. */
  partitions: Map<number, number>;
  /** Whether all replicas of all partitions are in sync. */
  inSync: boolean;
}

/**
 * Connections to the brokers of one cluster and the few requests that tests need. Any fault closes its connection and is
 * thrown as a WireError; the next request connects anew, so callers just try again until their deadline.
 */
export class ClusterClient {
  readonly #brokers: string[];
  readonly #connections = new Map<string, Connection>();

  constructor(brokers: string[]) {
    this.#brokers = brokers;
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  at(address: string): Connection {
    const known = this.#connections.get(address);
    if (known && !known.closed) return known;
    const fresh = new Connection(address);
    this.#connections.set(address, fresh);
    return fresh;
  }

  /** Asks the given brokers in turn until one answers. */
  async ask(key: number, version: number, body: Fields): Promise<Answer> {
    let problem: unknown;
    for (const broker of this.#brokers) {
      try {
        return await this.at(broker).request(key, version, body);
      } catch (error) {
        problem = error;
      }
    }
    throw problem ?? new Error('No broker address was given.');
  }

  /** Every broker's node id and address. */
  async nodes(): Promise<Map<number, string>> {
    return readNodes(await this.ask(3, 4, new Fields().int32(0).int8(0)));
  }

  /** Never creates the topic. Throws UNKNOWN_TOPIC_OR_PARTITION, or LEADER_NOT_AVAILABLE while one has no leader. */
  async leaders(topic: string, broker?: string): Promise<Leaders> {
    const body = new Fields().array([topic], (list, name) => list.string(name)).int8(0);
    const answer = await (broker === undefined ? this.ask(3, 4, body) : this.at(broker).request(3, 4, body));
    const nodes = readNodes(answer);
    answer.string(); // cluster id
    answer.int32(); // controller
    const partitions = new Map<number, number>();
    let inSync = true;
    answer.array(() => {
      check(answer.int16(), `topic ${topic}`);
      answer.string();
      answer.int8();
      answer.array(() => {
        const code = answer.int16();
        partitions.set(answer.int32(), answer.int32());
        check(code, `topic ${topic}`);
        const replicas = answer.array(() => answer.int32());
        const synced = answer.array(() => answer.int32());
        inSync &&= synced.length === replicas.length;
      });
    });
    return { nodes, partitions, inSync };
  }
}

function readNodes(answer: Answer): Map<number, string> {
  answer.int32(); // throttle time
  const nodes = answer.array(() => {
    const id = answer.int32();
    const host = answer.string() ?? '';
    const address = `${host.includes(':') ? `[${host}]` : host}:${answer.int32()}`;
    answer.string(); // rack
    return [id, address] as const;
  });
  return new Map(nodes);
}

/** Of one fetch; of one partition an eighth, so that large ones do not starve the others. */
const maxBytes = 64 << 20;

/** Reads a topic without a consumer group: fast to start, nothing left behind on the broker. */
export class TopicReader {
  /** Partition -> the offset read next. */
  readonly positions = new Map<number, number>();
  readonly #client: ClusterClient;
  readonly #topic: string;
  readonly #isolation: number;
  #leaders: Leaders | undefined;

  constructor(brokers: string[], topic: string, isolation: Isolation = 'committed') {
    this.#client = new ClusterClient(brokers);
    this.#topic = topic;
    this.#isolation = isolation === 'committed' ? 1 : 0;
  }

  close(): void {
    this.#client.close();
  }

  /** Starts every partition that has no position yet at its beginning or end. Call again to see new partitions. */
  async seek(where: 'beginning' | 'end'): Promise<void> {
    for (const [partition, offset] of await this.offsets(where)) {
      if (!this.positions.has(partition)) this.positions.set(partition, offset);
    }
  }

  /** The first offset of each partition, or the one after its last: the high watermark, or the last stable offset. */
  async offsets(where: 'beginning' | 'end'): Promise<Map<number, number>> {
    const timestamp = where === 'beginning' ? -2 : -1;
    const found = new Map<number, number>();
    this.#leaders = undefined;
    await this.#eachLeader(async (connection, partitions) => {
      const head = new Fields().int32(-1).int8(this.#isolation);
      const body = head.array([this.#topic], (topics, topic) =>
        topics.string(topic).array(partitions, (list, partition) => list.int32(partition).int64(timestamp)),
      );
      const answer = await connection.request(2, 2, body);
      answer.int32();
      answer.array(() => {
        answer.string();
        answer.array(() => {
          const partition = answer.int32();
          check(answer.int16(), `${this.#topic} partition ${partition}`);
          answer.int64();
          found.set(partition, answer.int64());
        });
      });
    });
    return found;
  }

  /** How many offsets there are: of records, and of marks at the ends of transactions. */
  async count(): Promise<number> {
    return [...(await this.offsets('end')).values()].reduce((sum, end) => sum + end, 0);
  }

  /** One fetch from every leader concerned; waits up to `waitMs` when there is nothing new. */
  async poll(sink: (record: ConsumedRecord) => void, waitMs: number, wanted: Iterable<number>): Promise<void> {
    const only = new Set(wanted);
    await this.#eachLeader(async (connection, all) => {
      const partitions = all.filter((partition) => only.has(partition));
      if (partitions.length === 0) return;
      const limits = new Fields().int32(-1).int32(waitMs).int32(1).int32(maxBytes);
      const body = limits.int8(this.#isolation).array([this.#topic], (topics, topic) =>
        topics.string(topic).array(partitions, (list, partition) => {
          const position = this.positions.get(partition) ?? 0;
          list
            .int32(partition)
            .int64(position)
            .int32(maxBytes / 8);
        }),
      );
      const answer = await connection.request(1, 4, body);
      answer.int32();
      answer.array(() => {
        answer.string();
        answer.array(() => this.#takePartition(answer, sink));
      });
    });
  }

  #takePartition(answer: Answer, sink: (record: ConsumedRecord) => void): void {
    const partition = answer.int32();
    check(answer.int16(), `${this.#topic} partition ${partition}`);
    answer.int64(); // high watermark
    answer.int64(); // last stable offset
    const aborted: Aborted[] = answer.array(() => ({ producerId: answer.int64(), firstOffset: answer.int64() }));
    const from = this.positions.get(partition) ?? 0;
    this.positions.set(partition, decodeBatches(answer.bytes(), partition, from, aborted, sink));
  }

  async #eachLeader(work: (connection: Connection, partitions: number[]) => Promise<void>): Promise<void> {
    this.#leaders ??= await this.#client.leaders(this.#topic);
    const { nodes, partitions } = this.#leaders;
    const byNode = Map.groupBy(partitions.keys(), (partition) => partitions.get(partition) ?? -1);
    const results = await Promise.allSettled(
      [...byNode].map(async ([node, list]) => {
        const address = nodes.get(node);
        if (address === undefined) throw new WireError(`broker ${node} leads and has no address`, { retriable: true });
        await work(this.#client.at(address), list);
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    this.#leaders = undefined;
    throw failed.reason;
  }
}
