export interface ProduceHead {
  /** From 3 to 7 the layout is one. */
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string;
  /** Left out: in no transaction. */
  readonly transactionalId?: string | undefined;
  /** -1 = all replicas, 1 = the leader. */
  readonly acks: number;
  /** How long the broker may wait for replicas, in ms. */
  readonly timeout: number;
  readonly topic: string;
  readonly partition: number;
  readonly recordsLength: number;
}

/** A Produce request for one partition, up to its records, which follow as they are. */
export function produceHead(head: ProduceHead): Buffer {
  const clientId = Buffer.from(head.clientId);
  const topic = Buffer.from(head.topic);
  const transactionalId = Buffer.from(head.transactionalId ?? '');
  const bytes = Buffer.alloc(40 + clientId.length + transactionalId.length + topic.length);
  let at = bytes.writeInt32BE(bytes.length - 4 + head.recordsLength, 0);
  at = bytes.writeInt16BE(0, at); // Produce
  at = bytes.writeInt16BE(head.apiVersion, at);
  at = bytes.writeInt32BE(head.correlationId, at);
  at = bytes.writeInt16BE(clientId.length, at);
  at += clientId.copy(bytes, at);
  at = bytes.writeInt16BE(transactionalId.length || -1, at);
  at += transactionalId.copy(bytes, at);
  at = bytes.writeInt16BE(head.acks, at);
  at = bytes.writeInt32BE(head.timeout, at);
  at = bytes.writeInt32BE(1, at); // topics
  at = bytes.writeInt16BE(topic.length, at);
  at += topic.copy(bytes, at);
  at = bytes.writeInt32BE(1, at); // partitions
  at = bytes.writeInt32BE(head.partition, at);
  bytes.writeInt32BE(head.recordsLength, at);
  return bytes;
}
