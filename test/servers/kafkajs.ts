import { createRequire } from 'node:module';
import { Kafka, logLevel } from 'kafkajs';

interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
  prototype: RequestQueue;
};
const original = prototype.scheduleCheckPendingRequests;
/** kafkajs 2.2.4 sets timers for nothing, with negative delays, of which Node 24 warns each time. */
prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) original.call(this);
};

/** A quiet kafkajs client, for what tests do beside the product: produce, admin requests, consumer groups. */
export function kafkaClient(brokers: string[]): Kafka {
  return new Kafka({ brokers, clientId: 'logcatch-test', logLevel: logLevel.NOTHING });
}
