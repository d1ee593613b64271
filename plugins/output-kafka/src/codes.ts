import type { ErrorCode } from '@logcatch/plugin-api';
import { type Remedy, SendFailure } from './failure.ts';

/** What we know about an error code of the Kafka protocol. */
interface Meaning {
  readonly name: string;
  readonly remedy?: Remedy;
  /**
   * The broker answers so before it appends anything. All the others may come after it: 6 NOT_LEADER, for instance, when
   * a broker loses the partition while it waits for replicas.
   */
  readonly refusal?: true;
  readonly code?: ErrorCode;
  readonly hint?: string;
  readonly patience?: number;
}

const forbidden = { refusal: true, code: 'LC_OUTPUT_FORBIDDEN', patience: 0 } as const;
const larger = 'Raise max.message.bytes of the topic, or shorten the lines.';
const replicas = 'Bring brokers back: fewer replicas are in sync than min.insync.replicas of the topic asks for.';

const meanings: Readonly<Record<number, Meaning>> = {
  [-1]: { name: 'UNKNOWN_SERVER_ERROR', hint: 'See the log of the broker.' },
  2: { name: 'CORRUPT_MESSAGE', refusal: true },
  3: { name: 'UNKNOWN_TOPIC_OR_PARTITION' },
  5: { name: 'LEADER_NOT_AVAILABLE', refusal: true },
  6: { name: 'NOT_LEADER_OR_FOLLOWER' },
  7: { name: 'REQUEST_TIMED_OUT', hint: 'Replicas did not confirm in time: see whether brokers are slow or away.' },
  10: { name: 'MESSAGE_TOO_LARGE', remedy: 'shrink', refusal: true, hint: larger },
  14: { name: 'COORDINATOR_LOAD_IN_PROGRESS', refusal: true },
  15: { name: 'COORDINATOR_NOT_AVAILABLE', refusal: true },
  16: { name: 'NOT_COORDINATOR', refusal: true },
  17: { name: 'INVALID_TOPIC_EXCEPTION', refusal: true },
  18: { name: 'RECORD_LIST_TOO_LARGE', remedy: 'shrink', refusal: true, hint: larger },
  19: { name: 'NOT_ENOUGH_REPLICAS', refusal: true, hint: replicas },
  20: { name: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', hint: replicas },
  29: { name: 'TOPIC_AUTHORIZATION_FAILED', ...forbidden },
  31: { name: 'CLUSTER_AUTHORIZATION_FAILED', ...forbidden },
  32: {
    name: 'INVALID_TIMESTAMP',
    remedy: 'bisect',
    refusal: true,
    hint: 'See message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topic.',
  },
  36: { name: 'TOPIC_ALREADY_EXISTS' },
  37: { name: 'INVALID_PARTITIONS' },
  38: {
    name: 'INVALID_REPLICATION_FACTOR',
    hint: 'Set create_topics.replication_factor to at most the number of brokers.',
  },
  41: { name: 'NOT_CONTROLLER' },
  44: { name: 'POLICY_VIOLATION' },
  45: { name: 'OUT_OF_ORDER_SEQUENCE_NUMBER', refusal: true, remedy: 'restamp' },
  47: { name: 'INVALID_PRODUCER_EPOCH', refusal: true, remedy: 'restamp' },
  48: { name: 'INVALID_TXN_STATE', refusal: true, remedy: 'restamp' },
  49: { name: 'INVALID_PRODUCER_ID_MAPPING', refusal: true, remedy: 'restamp' },
  50: {
    name: 'INVALID_TRANSACTION_TIMEOUT',
    refusal: true,
    hint: 'Set transactions.timeout to at most transaction.max.timeout.ms of the brokers.',
  },
  51: { name: 'CONCURRENT_TRANSACTIONS', refusal: true },
  53: { name: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', ...forbidden },
  56: { name: 'KAFKA_STORAGE_ERROR', hint: 'See the disks of the broker.' },
  59: { name: 'UNKNOWN_PRODUCER_ID', refusal: true, remedy: 'restamp' },
  76: { name: 'UNSUPPORTED_COMPRESSION_TYPE', refusal: true, hint: 'Choose another `compression`.' },
  87: {
    name: 'INVALID_RECORD',
    remedy: 'bisect',
    refusal: true,
    hint: 'A compacted topic, for instance, takes only records with a key.',
  },
  89: { name: 'THROTTLING_QUOTA_EXCEEDED' },
  90: { name: 'PRODUCER_FENCED', refusal: true, remedy: 'restamp' },
  120: { name: 'TRANSACTION_ABORTABLE', refusal: true, remedy: 'restamp' },
};

/** 0, or 46 DUPLICATE_SEQUENCE_NUMBER: the broker has this record batch already. */
export function succeeded(code: number): boolean {
  return code === 0 || code === 46;
}

export function nameOfCode(code: number): string {
  const name = meanings[code]?.name;
  return name ? `${name} (${code})` : `error ${code}`;
}

/** The failure that a broker's answer means. */
export function failureOf(code: number, hint = meanings[code]?.hint): SendFailure {
  const meaning = meanings[code];
  return new SendFailure(meaning?.code ?? 'LC_OUTPUT_FAILED', `Kafka answers ${nameOfCode(code)}`, {
    remedy: meaning?.remedy ?? 'retry',
    unknown: meaning?.refusal !== true,
    answer: nameOfCode(code),
    ...(hint && { hint }),
    ...(meaning?.patience !== undefined && { patience: meaning.patience }),
  });
}
