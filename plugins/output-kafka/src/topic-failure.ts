import { failureOf, nameOfCode } from './codes.ts';
import { SendFailure } from './failure.ts';
import type { Answer } from './wire.ts';

/** A partition has a new leader after so long, in ms, if it can have one. */
const electionMs = 1000;

/** @param brokers as a person would write them, for the command that the hint shows */
export function missing(topic: string, brokers: string): SendFailure {
  const command = `kafka-topics.sh --bootstrap-server ${brokers} --create --topic ${topic}`;
  return new SendFailure('LC_OUTPUT_TOPIC_MISSING', `topic ${topic} does not exist`, {
    hint: `Create it: \`${command}\`, or give the output \`create_topics: { partitions: 3, replication_factor: 1 }\`. Its records wait.`,
    patience: 0,
  });
}

/** Why there is no such topic yet, although it is to be created. */
export function notCreated(topic: string, { code, text }: Answer): SendFailure {
  if (code === 0 || code === 36) return new SendFailure('LC_OUTPUT_TOPIC_MISSING', `topic ${topic} is being created`);
  const failure = failureOf(code);
  const message = `topic ${topic} cannot be created: Kafka answers ${nameOfCode(code)}${text ? `, ${text}` : ''}`;
  return new SendFailure(failure.code === 'LC_OUTPUT_FORBIDDEN' ? failure.code : 'LC_OUTPUT_TOPIC_MISSING', message, {
    hint: failure.hint ?? 'Create it by hand, or change create_topics.',
  });
}

/** What the error code that brokers gave for a topic means. @param brokers as for {@link missing} */
export function refused(topic: string, code: number, brokers: string): SendFailure {
  if (code !== 29) return failureOf(code);
  const acl = `kafka-acls.sh --bootstrap-server ${brokers} --add --allow-principal User:NAME`;
  return failureOf(code, `Grant the user WRITE: \`${acl} --operation Write --operation Describe --topic ${topic}\`.`);
}

export function tooMany(max: number): SendFailure {
  return new SendFailure('LC_OUTPUT_FAILED', `${max} topics are in use, and max_topics allows no more`, {
    hint: 'Write to fewer topics, or raise max_topics. Topics without records for 10 minutes make room.',
    patience: 0,
  });
}

export function noPartition(topic: string, partition: number): SendFailure {
  return new SendFailure('LC_OUTPUT_FAILED', `${topic} has no partition ${partition} any more`, {
    remedy: 'give back',
  });
}

export function noLeader(): SendFailure {
  const hint = 'Bring its brokers back, or see `kafka-topics.sh --describe --unavailable-partitions`.';
  return new SendFailure('LC_OUTPUT_FAILED', 'the partition has no leader', { hint, patience: electionMs });
}
