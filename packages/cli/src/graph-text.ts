import type { GraphNode, PipelineGraph } from '@logcatch/core';

export type GraphFormat = 'mermaid' | 'dot';

/** A picture of a pipeline, for whatever draws the format. */
export function graphText(graph: PipelineGraph, format: GraphFormat): string {
  return (format === 'mermaid' ? mermaid : dot)(numbered(graph));
}

interface Drawn {
  readonly nodes: readonly { readonly name: string; readonly node: GraphNode; readonly lines: readonly string[] }[];
  readonly edges: readonly {
    readonly from: string;
    readonly to: string;
    readonly label: string;
    readonly values: boolean;
  }[];
}

/** Names by number: ids may be words of the format, and a source may be called as a component. */
function numbered({ nodes, edges, values }: PipelineGraph): Drawn {
  const key = ({ kind, id }: Pick<GraphNode, 'kind' | 'id'>) => (kind === 'config' ? `config ${id}` : id);
  const names = new Map(nodes.map((node, index) => [key(node), `n${index}`]));
  const nameOf = (id: string) => names.get(id)!;
  return {
    nodes: nodes.map((node) => ({ name: nameOf(key(node)), node, lines: linesOf(node) })),
    edges: [
      ...values.map(({ from, to }) => ({
        from: nameOf(key({ kind: 'config', id: from })),
        to: nameOf(key(to)),
        label: '',
        values: true,
      })),
      ...edges.map(({ from, exit = '', to }) => ({ from: nameOf(from), to: nameOf(to), label: exit, values: false })),
    ],
  };
}

function linesOf({ id, type, entries, waits }: GraphNode): string[] {
  return [
    id,
    type,
    ...(entries === undefined ? [] : [entries === 1 ? '1 entry' : `${entries} entries`]),
    ...(waits.length > 0 ? [`waits for ${waits.join(', ')}`] : []),
  ];
}

/** Text in quotes: all that Mermaid could take for a sign of its own is written by its number. */
function mermaidText(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replaceAll(/[^\p{L}\p{N} ,.:_/-]/gu, (sign) => `#${sign.codePointAt(0)};`));
  return `"${escaped.join('<br>')}"`;
}

const mermaidShapes = {
  config: ['[(', ')]'],
  input: ['([', '])'],
  transform: ['[', ']'],
  output: ['[[', ']]'],
} as const;

function mermaid({ nodes, edges }: Drawn): string {
  return [
    'flowchart LR',
    ...nodes.map(({ name, node, lines }) => {
      const [open, close] = mermaidShapes[node.kind];
      return `  ${name}${open}${mermaidText(lines)}${close}`;
    }),
    ...edges.map(({ from, to, label, values }) => {
      const arrow = values ? '-.->' : label === '' ? '-->' : `-->|${mermaidText([label])}|`;
      return `  ${from} ${arrow} ${to}`;
    }),
  ].join('\n');
}

function dotText(lines: readonly string[]): string {
  const escaped = lines.map((line) => line.replaceAll(/["\\]/g, '\\$&'));
  return `"${escaped.join('\\n')}"`;
}

const dotShapes = { config: 'cylinder', input: 'oval', transform: 'box', output: 'doubleoctagon' } as const;

function dot({ nodes, edges }: Drawn): string {
  return [
    'digraph pipeline {',
    '  rankdir=LR;',
    ...nodes.map(({ name, node, lines }) => `  ${name} [label=${dotText(lines)}, shape=${dotShapes[node.kind]}];`),
    ...edges.map(({ from, to, label, values }) => {
      const attributes = values ? ' [style=dashed]' : label === '' ? '' : ` [label=${dotText([label])}]`;
      return `  ${from} -> ${to}${attributes};`;
    }),
    '}',
  ].join('\n');
}
