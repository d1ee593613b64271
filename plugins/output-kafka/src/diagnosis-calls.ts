import type { Call } from './call.ts';
import { FieldWriter } from './fields.ts';

/** Bits of operations that a user may do, by Kafka's AclOperation. */
export const mayWrite = 1 << 4;
const notKnown = -2_147_483_648;

export interface DescribedTopic {
  readonly name: string;
  /** Error code of the protocol; 0 = fine. */
  readonly code: number;
  readonly partitions: number;
  /** Partitions without a leader. */
  readonly leaderless: number;
  /** Whether our user may write to it; undefined where the broker does not say. */
  readonly writable: boolean | undefined;
}

export interface Described {
  readonly brokers: readonly { readonly node: number; readonly host: string; readonly port: number }[];
  readonly topics: readonly DescribedTopic[];
}

/** What there is, and what we may do with it. Creates nothing. */
export function describe(topics: readonly string[]): Call<Described> {
  const body = new FieldWriter();
  body.array(topics, (topic) => body.string(topic));
  const [no, yes] = [0, 1];
  body.int8(no).int8(no).int8(yes); // create topics, operations on the cluster, operations on topics
  return {
    apiKey: 3,
    apiVersion: 8,
    apiName: 'Metadata',
    body: body.bytes,
    read: (answer) => {
      answer.int32(); // throttle time
      const brokers = answer.array(() => {
        const broker = { node: answer.int32(), host: answer.string(), port: answer.int32() };
        answer.string(); // rack
        return broker;
      });
      answer.string(); // cluster id
      answer.int32(); // controller
      const described = answer.array((): DescribedTopic => {
        const code = answer.int16();
        const name = answer.string();
        answer.int8(); // internal
        const leaders = answer.array(() => {
          answer.int16(); // code
          answer.int32(); // partition
          const leader = answer.int32();
          answer.int32(); // epoch of the leader
          for (let replicas = 0; replicas < 3; replicas++) answer.array(() => answer.int32());
          return leader;
        });
        const operations = answer.int32();
        return {
          name,
          code,
          partitions: leaders.length,
          leaderless: leaders.filter((leader) => leader < 0).length,
          writable: operations === notKnown ? undefined : (operations & mayWrite) !== 0,
        };
      });
      return { brokers, topics: described };
    },
  };
}

/** The highest version of each request that a broker knows, by its key. */
export function versions(): Call<{ readonly code: number; readonly highest: ReadonlyMap<number, number> }> {
  return {
    apiKey: 18,
    apiVersion: 0,
    apiName: 'ApiVersions',
    body: new FieldWriter().bytes,
    read: (answer) => {
      const code = answer.int16();
      const all = answer.array(() => {
        const key = answer.int16();
        answer.int16(); // lowest
        return [key, answer.int16()] as const;
      });
      return { code, highest: new Map(all) };
    },
  };
}
