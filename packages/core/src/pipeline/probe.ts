import { LogcatchError } from '@logcatch/plugin-api';
import type { DesiredComponent } from '../config/index.ts';
import type { Node } from './node.ts';

export interface ProbeParts {
  /** The component that runs under this id. */
  running(id: string): Node | undefined;
  /** Makes a component without giving it a place. @throws what the plugin throws */
  build(component: DesiredComponent): Node;
  /** Resolves after a while, or as soon as nothing is waited for any more. */
  patience(): Promise<unknown>;
  stop(nodes: readonly Node[]): Promise<unknown>;
}

/**
 * Starts changed outputs and transforms before they take over, and returns what is wrong with them. A change must start where
 * the component before it runs: then the fault lies in the change, and what runs is kept. Where that one could not start now
 * either its server is away, and that makes no configuration wrong. Inputs cannot be tried beforehand: two would read the same
 * files.
 */
export async function probe(changed: readonly Node[], parts: ProbeParts): Promise<LogcatchError[]> {
  const early = changed.filter(({ id, kind }) => kind !== 'input' && ran(parts.running(id)));
  const faults = early.map(async (node) => {
    node.start();
    const outcome = await firstTry(node, parts.patience());
    if (outcome === 'started' || !(await startsNow(parts.running(node.id)!.component, parts))) return [];
    return [outcome === 'late' ? tooLate(node) : outcome];
  });
  return (await Promise.all(faults)).flat();
}

/** Why these, which were started, do not. One that neither starts nor fails is given the benefit of the doubt. */
export async function firstFaults(nodes: readonly Node[], patience: Promise<unknown>): Promise<LogcatchError[]> {
  const outcomes = await Promise.all(nodes.map((node) => firstTry(node, patience)));
  return outcomes.filter((outcome) => outcome instanceof LogcatchError);
}

/** Whether it was started, however well it does. */
export function ran(node: Node | undefined): boolean {
  const state = node?.supervisor.status.state;
  return state === 'running' || state === 'degraded' || state === 'stuck';
}

/** What runs may just not have noticed yet that its server is away. */
async function startsNow(component: DesiredComponent, { build, patience, stop }: ProbeParts): Promise<boolean> {
  const node = build(component);
  node.start();
  const outcome = await firstTry(node, patience());
  await stop([node]);
  return outcome === 'started';
}

function tooLate({ id }: Node): LogcatchError {
  const hint = 'Check its address; it is tried again.';
  return new LogcatchError('LC_OUTPUT_UNREACHABLE', 'it has not started in time, and the one before it would', {
    at: id,
    hint,
  });
}

async function firstTry(node: Node, patience: Promise<unknown>): Promise<LogcatchError | 'started' | 'late'> {
  return Promise.race([node.tried.then((fault) => fault ?? 'started'), patience.then(() => 'late' as const)]);
}
