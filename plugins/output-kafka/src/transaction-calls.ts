import type { Address } from './address.ts';
import type { Call } from './call.ts';
import { type FieldReader, FieldWriter } from './fields.ts';
import type { Producer } from './sender.ts';
import type { Answer } from './wire.ts';

/** Who produces in transactions. */
export interface Transactional extends Producer {
  readonly transactionalId: string;
}

/** Partitions by topic. */
export type Partitions = ReadonlyMap<string, readonly number[]>;

/** Nothing is wrong with this partition: others were refused, and so all were. */
export const notAttempted = 55;
const none = -1n;

/** Which broker keeps the transactions of this id. */
export function findCoordinator(transactionalId: string): Call<Answer & { readonly address: Address }> {
  const transactions = 1;
  return {
    apiKey: 10,
    apiVersion: 1,
    apiName: 'FindCoordinator',
    body: new FieldWriter().string(transactionalId).int8(transactions).bytes,
    read: (answer) => {
      answer.int32(); // throttle time
      const code = answer.int16();
      const text = answer.string();
      answer.int32(); // node id
      const address = { host: answer.string(), port: answer.int32() };
      return { code, address, ...(text && { text }) };
    },
  };
}

/**
 * Makes us the only producer of this id; what was begun under it ends, committed where that was asked for, else aborted.
 *
 * @param timeout transactions that are older are aborted by the broker, in ms
 * @param last who we were: refused when somebody else has been the producer since. Left out: whoever it was is shut out
 */
export function initProducerId(
  transactionalId: string,
  timeout: number,
  last?: Producer,
): Call<Answer & { readonly producer: Transactional }> {
  const noTags = 0;
  const body = new FieldWriter()
    .int8(noTags) // of the request's head, which this version has
    .compactString(transactionalId)
    .int32(timeout)
    .int64(last ? BigInt(last.id) : none)
    .int16(last?.epoch ?? -1)
    .int8(noTags);
  return {
    apiKey: 22,
    apiVersion: 3,
    apiName: 'InitProducerId',
    body: body.bytes,
    read: (answer) => {
      answer.int8(); // tags of the answer's head
      answer.int32(); // throttle time
      const code = answer.int16();
      return { code, producer: { id: String(answer.int64()), epoch: answer.int16(), transactionalId } };
    },
  };
}

/** Lets these partitions take part in the transaction, which begins with the first of them: all of them or none. */
export function addPartitionsToTxn(
  producer: Transactional,
  partitions: Partitions,
): Call<Answer & { readonly codes: readonly (readonly [topic: string, partition: number, code: number])[] }> {
  const body = ofProducer(producer);
  body.array([...partitions], ([topic, numbers]) => {
    body.string(topic).array(numbers, (partition) => body.int32(partition));
  });
  return {
    apiKey: 24,
    apiVersion: 1,
    apiName: 'AddPartitionsToTxn',
    body: body.bytes,
    read: (answer) => {
      answer.int32(); // throttle time
      const topics = answer.array(() => {
        const topic = answer.string();
        return answer.array(() => [topic, answer.int32(), answer.int16()] as const);
      });
      const codes = topics.flat();
      const [, , code] = codes.find(([, , code]) => code !== 0 && code !== notAttempted) ?? ['', 0, 0];
      return { code, codes };
    },
  };
}

/** Ends the transaction: all of it counts, or nothing. */
export function endTxn(producer: Transactional, how: 'commit' | 'abort'): Call<Answer> {
  return {
    apiKey: 26,
    apiVersion: 1,
    apiName: 'EndTxn',
    body: ofProducer(producer).int8(how === 'commit' ? 1 : 0).bytes,
    read: (answer) => {
      answer.int32(); // throttle time
      return { code: answer.int16() };
    },
  };
}

/** The offset of the first record that is there, or the one after the last, whether it counts or not. */
export function listOffset(
  topic: string,
  partition: number,
  which: 'first' | 'end',
): Call<Answer & { readonly offset: bigint }> {
  const [nobody, uncommitted] = [-1, 0];
  const body = new FieldWriter().int32(nobody).int8(uncommitted).int32(1).string(topic);
  body
    .int32(1)
    .int32(partition)
    .int64(which === 'first' ? -2n : -1n);
  return {
    apiKey: 2,
    apiVersion: 2,
    apiName: 'ListOffsets',
    body: body.bytes,
    read: (answer) => {
      answer.int32(); // throttle time
      return ofPartition(answer, () => {
        const code = answer.int16();
        answer.int64(); // timestamp
        return { code, offset: answer.int64() };
      });
    },
  };
}

/** What is in a partition from this offset on, about so many bytes of it, whether it counts or not. */
export function fetchRecords(
  topic: string,
  partition: number,
  offset: bigint,
  bytes: number,
): Call<Answer & { readonly records: Buffer }> {
  const [nobody, uncommitted, wait] = [-1, 0, 0];
  const body = new FieldWriter().int32(nobody).int32(wait).int32(1).int32(bytes).int8(uncommitted);
  body.int32(1).string(topic).int32(1).int32(partition).int64(offset).int32(bytes);
  return {
    apiKey: 1,
    apiVersion: 4,
    apiName: 'Fetch',
    body: body.bytes,
    read: (answer) => {
      answer.int32(); // throttle time
      return ofPartition(answer, () => {
        const code = answer.int16();
        answer.int64(); // high watermark
        answer.int64(); // last stable offset
        answer.array(() => [answer.int64(), answer.int64()]); // aborted transactions
        return { code, records: answer.bytes() };
      });
    },
  };
}

function ofProducer({ transactionalId, id, epoch }: Transactional): FieldWriter {
  return new FieldWriter().string(transactionalId).int64(BigInt(id)).int16(epoch);
}

/** The answer about the one partition that was asked about. */
function ofPartition<T>(answer: FieldReader, read: () => T): T {
  const [topic = []] = answer.array(() => {
    answer.string();
    return answer.array(() => {
      answer.int32();
      return read();
    });
  });
  if (topic[0] === undefined) throw new Error('it answers about nothing');
  return topic[0];
}
