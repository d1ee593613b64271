import type { LogcatchError } from '@logcatch/plugin-api';
import { atMost } from '../at-most.ts';
import type { Delivery } from './delivery.ts';
import type { Node } from './node.ts';

/** Milliseconds that a component has to stop, however late it is. */
const leastTime = 50;

/** What of deliveries that cannot come again each component had not finished, claimed for whoever takes over. */
export type Unfinished = ReadonlyMap<Node, readonly Delivery[]>;

/**
 * Stops inputs first and outputs last. A component that does not stop before the deadline (milliseconds since the epoch) is left
 * behind.
 */
export async function stopNodes(
  nodes: readonly Node[],
  deadline: number,
  blame: (error: LogcatchError) => void,
): Promise<Unfinished> {
  const unfinished = new Map<Node, readonly Delivery[]>();
  for (const kind of ['input', 'transform', 'output'] as const) {
    const stopping = nodes
      .filter((node) => node.kind === kind)
      .map(async (node) => {
        await bounded(node, deadline, blame);
        unfinished.set(node, node.abandon());
      });
    await Promise.all(stopping);
  }
  return unfinished;
}

async function bounded(node: Node, deadline: number, blame: (error: LogcatchError) => void): Promise<void> {
  const stopping = node.stop().catch((error: unknown) => blame(node.supervisor.explain(error)));
  const stopped = await atMost(Math.max(leastTime, deadline - Date.now()), stopping);
  if (!stopped) node.log.warn('did not stop in time and is left behind');
}
