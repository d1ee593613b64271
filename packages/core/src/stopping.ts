import type { LogcatchError } from '@logcatch/plugin-api';
import type { Delivery } from './delivery.ts';
import type { InputNode } from './input-node.ts';
import type { Node } from './node.ts';
import type { OutputNode } from './output-node.ts';
import type { TransformNode } from './transform-node.ts';

/** Milliseconds that a component has to stop, however late it is. */
const leastTime = 50;

/**
 * Stops inputs first and outputs last. A component that does not stop before the deadline (milliseconds since the epoch) is left
 * behind. Returns what outputs did not write.
 */
export async function stopNodes(
  nodes: readonly Node[],
  deadline: number,
  blame: (error: LogcatchError) => void,
): Promise<Map<string, Delivery[]>> {
  const unwritten = new Map<string, Delivery[]>();
  const stop = async (kind: Node['kind'], one: (node: Node) => Promise<void>) => {
    const stopping = nodes
      .filter((node) => node.kind === kind)
      .map((node) => bounded(node, one(node), deadline, blame));
    await Promise.all(stopping);
  };
  await stop('input', (node) => (node as InputNode).stop());
  await stop('transform', (node) => (node as TransformNode).stop());
  await stop('output', async (node) => void unwritten.set(node.id, await (node as OutputNode).stop()));
  return unwritten;
}

async function bounded(
  node: Node,
  stopping: Promise<void>,
  deadline: number,
  blame: (error: LogcatchError) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, Math.max(leastTime, deadline - Date.now()), 'late');
  });
  const failed = (error: unknown) => blame(node.supervisor.explain(error));
  const result = await Promise.race([stopping.catch(failed), late]);
  clearTimeout(timer);
  if (result === 'late') node.log.warn('did not stop in time and is left behind');
}
