import type { Edge } from '@logcatch/plugin-api';
import { declaredId } from '../config/declared.ts';
import type { Desired, DesiredComponent, Kind } from '../config/index.ts';
import { Problems } from '../config/problem.ts';
import { referencedSources } from '../config/references.ts';
import { sections } from '../config/settings.ts';
import { configValue, valueAt } from '../config/value.ts';
import type { LoadedFile } from '../engine.ts';

/** A component as the file declares it, or a configuration source. */
export interface GraphNode {
  readonly kind: Kind | 'config';
  readonly id: string;
  readonly type: string;
  /** Of an `each`: how many entries it has. */
  readonly entries?: number;
  /** Sources whose values it waits for. */
  readonly waits: readonly string[];
}

/** A pipeline as a picture shows it. Entries of an `each` are one node, since they have their edges in common. */
export interface PipelineGraph {
  /** Sources, inputs, transforms and outputs, each in the order of the file. */
  readonly nodes: readonly GraphNode[];
  /** The way of the records. */
  readonly edges: readonly Edge[];
  /** By name, which source gives values to what else. */
  readonly values: readonly { readonly from: string; readonly to: Pick<GraphNode, 'kind' | 'id'> }[];
}

export function graphOf(desired: Desired, { document, value }: LoadedFile): PipelineGraph {
  const root = configValue(value, document, new Problems());
  const kinds = [
    ['config', 'config'],
    ['input', sections.input],
    ['transform', sections.transform],
    ['output', sections.output],
  ] as const;
  const nodes: GraphNode[] = [];
  const values: PipelineGraph['values'][number][] = [];
  for (const [kind, section] of kinds) {
    const declared = valueAt(root, [section]);
    if (declared?.kind !== 'map') continue;
    for (const [id, entry] of declared.entries) {
      const type = valueAt(entry.value, ['type']);
      const each = kind === 'input' && valueAt(entry.value, ['each']) !== undefined;
      const waits = desired.waiting.find((one) => one.kind === kind && one.id === id)?.sources ?? [];
      nodes.push({
        kind,
        id,
        type: type?.kind === 'scalar' ? String(type.scalar) : '',
        ...(each && waits.length === 0 && { entries: entriesOf(desired.inputs, id) }),
        waits,
      });
      for (const from of referencedSources(entry.value)) {
        if (valueAt(root, ['config', from])) values.push({ from, to: { kind, id } });
      }
    }
  }
  const order = new Map(nodes.map(({ kind, id }, index) => [kind === 'config' ? '' : id, index]));
  const edges = declaredEdges([...desired.edges, ...desired.waitingEdges]);
  return { nodes, edges: edges.toSorted((a, b) => order.get(a.from)! - order.get(b.from)!), values };
}

function entriesOf(inputs: readonly DesiredComponent[], id: string): number {
  return inputs.filter((one) => declaredId(one.id) === id).length;
}

/** Those of entries of one `each` once, from their component. */
function declaredEdges(edges: readonly Edge[]): Edge[] {
  const declared = edges.map((edge): Edge => ({ ...edge, from: declaredId(edge.from) }));
  return [...new Map(declared.map((edge) => [JSON.stringify([edge.from, edge.exit, edge.to]), edge])).values()];
}
