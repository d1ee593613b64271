import type { LogcatchError, Transactions } from '@logcatch/plugin-api';
import type { Delivery } from '../pipeline/delivery.ts';
import type { Gate } from '../pipeline/gate.ts';
import type { PipelineEnvironment } from '../pipeline/node.ts';
import type { OutputNode } from '../pipeline/output-node.ts';
import type { OutputQueue } from './output-queue.ts';
import { TransactionSeries } from './transactions.ts';
import type { Writes } from './writes.ts';

export interface OutputParts {
  readonly node: OutputNode;
  readonly environment: PipelineEnvironment;
  readonly gate: Gate;
  readonly queue: OutputQueue;
  readonly writes: Writes;
  output(): Transactions;
  opened(): void;
  pump(): void;
  done(delivery: Delivery): void;
  failed(error: LogcatchError): void;
}

/** The transactions of an output: what they have its gate, its queue and its writes do. */
export function seriesOf(parts: OutputParts): TransactionSeries {
  const { node, environment, gate, queue, writes } = parts;
  const writer = { agentId: environment.agentId, output: node.id };
  const series: TransactionSeries = new TransactionSeries(environment, {
    writer,
    output: parts.output,
    open: () => {
      // What an output before this one has left, of sources that cannot be read again.
      for (const { delivery } of queue.entries) delivery.enter(series);
      parts.opened();
    },
    hold: () => gate.close(),
    close: () => {
      gate.close();
      writes.abort();
    },
    quiet: () => {
      for (const { delivery } of queue.takeCancelled()) parts.done(delivery);
      return writes.settled();
    },
    committed: () => {
      node.supervisor.works();
      queue.release();
      parts.pump();
    },
    failed: (error) => {
      const { code, retriable } = node.supervisor.explain(error);
      if (code === 'LC_OUTPUT_FENCED') environment.marks.lost(writer);
      const known = node.supervisor.failed(retriable ? 'degraded' : 'failed', error);
      parts.failed(known);
      if (!retriable) environment.failed(known);
      return known;
    },
  });
  return series;
}
