import type { Call } from './call.ts';
import { FieldWriter } from './fields.ts';
import type { Answer } from './wire.ts';

/** All agents write to one topic; one agent writes to one partition of it. More partitions later would hide what is there. */
const partitions = 16;
const configs = [
  ['cleanup.policy', 'compact'],
  ['compression.type', 'producer'],
  // A compaction has to do with whole segments only: small ones, so that little is read at the start.
  ['segment.bytes', String(16 << 20)],
] as const;

export function createHint(topic: string): string {
  const settings = configs.map((config) => `--config ${config.join('=')}`).join(' ');
  return `Create it: \`kafka-topics.sh --create --topic ${topic} --partitions ${partitions} ${settings}\`.`;
}

export function compactHint(topic: string): string {
  return `Change it: \`kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config cleanup.policy=compact\`. It is looked at again after a pause.`;
}

/** @param replicationFactor -1 = as the cluster has it */
export function createCompacted(topic: string, replicationFactor: number): Call<Answer> {
  const body = new FieldWriter().int32(1).string(topic).int32(partitions).int16(replicationFactor).int32(0);
  body.array(configs, ([name, value]) => body.string(name).string(value));
  const [wait, validateOnly] = [10_000, 0];
  return {
    apiKey: 19,
    apiVersion: 4,
    apiName: 'CreateTopics',
    body: body.int32(wait).int8(validateOnly).bytes,
    read: (answer) => {
      answer.int32(); // throttle time
      const [{ code, text } = { code: -1, text: '' }] = answer.array(() => {
        answer.string();
        return { code: answer.int16(), text: answer.string() };
      });
      return { code, ...(text && { text }) };
    },
  };
}

/** What Kafka does with the old records of a topic. */
export function cleanupPolicy(topic: string): Call<Answer & { readonly policy: string | undefined }> {
  const [ofTopic, synonyms] = [2, 0];
  const body = new FieldWriter().int32(1).int8(ofTopic).string(topic);
  body.array(['cleanup.policy'], (name) => body.string(name));
  return {
    apiKey: 32,
    apiVersion: 1,
    apiName: 'DescribeConfigs',
    body: body.int8(synonyms).bytes,
    read: (answer) => {
      answer.int32(); // throttle time
      const [{ code, policy } = { code: -1, policy: undefined }] = answer.array(() => {
        const code = answer.int16();
        answer.string(); // error message
        answer.int8(); // resource type
        answer.string(); // resource name
        const [policy] = answer.array(() => {
          answer.string(); // config name
          const value = answer.string();
          for (let n = 0; n < 3; n++) answer.int8(); // read only, source, sensitive
          answer.int32(); // synonyms: none were asked for
          return value;
        });
        return { code, policy };
      });
      return { code, policy };
    },
  };
}
