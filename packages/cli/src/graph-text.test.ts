import type { PipelineGraph } from '@logcatch/core';
import { expect, test } from 'vitest';
import { graphText } from './graph-text.ts';

const graph: PipelineGraph = {
  nodes: [
    { kind: 'config', id: 'app', type: 'etcd', waits: [] },
    { kind: 'input', id: 'app', type: 'file-tail', waits: ['app'] },
    { kind: 'transform', id: 'end', type: 'route', waits: [] },
    { kind: 'output', id: 'out', type: 'my "type" \\ <b>#1</b>', waits: [] },
  ],
  edges: [
    { from: 'app', to: 'end' },
    { from: 'end', exit: 'a-b', to: 'out' },
  ],
  values: [{ from: 'app', to: { kind: 'input', id: 'app' } }],
};

test('Mermaid: words and signs of its own are only text', () => {
  expect(graphText(graph, 'mermaid')).toBe(`flowchart LR
  n0[("app<br>etcd")]
  n1(["app<br>file-tail<br>waits for app"])
  n2["end<br>route"]
  n3[["out<br>my #34;type#34; #92; #60;b#62;#35;1#60;/b#62;"]]
  n0 -.-> n1
  n1 --> n2
  n2 -->|"a-b"| n3`);
});

test('DOT: quotes and backslashes are only text', () => {
  expect(graphText(graph, 'dot')).toBe(`digraph pipeline {
  rankdir=LR;
  n0 [label="app\\netcd", shape=cylinder];
  n1 [label="app\\nfile-tail\\nwaits for app", shape=oval];
  n2 [label="end\\nroute", shape=box];
  n3 [label="out\\nmy \\"type\\" \\\\ <b>#1</b>", shape=doubleoctagon];
  n0 -> n1 [style=dashed];
  n1 -> n2;
  n2 -> n3 [label="a-b"];
}`);
});
