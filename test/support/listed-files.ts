import type { EtcdKey } from './etcd.ts';

export interface ListedFiles {
  readonly list: EtcdKey;
  /** The folder that all files are in. */
  readonly logs: string;
  readonly brokers: readonly string[];
  /** More options of the Kafka output. */
  readonly options?: string;
}

/** A pipeline file: one input for each entry `{ id, path, topic }` of a list in etcd. */
export function listedFiles({ list, logs, brokers, options = '' }: ListedFiles): string {
  return `
config: { collect: { type: etcd, endpoints: "${list.endpoint}", key: ${list.key} } }
inputs:
  app:
    type: file-tail
    each: "\${collect}"
    id: "\${each.id}"
    paths: ["\${each.path}"]
    roots: ${logs}
    attributes: { topic: "\${each.topic}" }
outputs: { kafka: { type: kafka, brokers: "${brokers.join(',')}", topic: "{{ topic }}"${options} } }
`;
}
