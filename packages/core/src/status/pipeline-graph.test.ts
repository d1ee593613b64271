import { expect, test } from 'vitest';
import { Scene } from '../fixtures/scene.ts';
import { Configuration } from '../reload/configuration.ts';
import { graphOf } from './pipeline-graph.ts';

const scene = new Scene();

async function graph(yaml: string) {
  const engine = scene.world.engine();
  const configuration = new Configuration(engine, await engine.read(scene.world.configure(yaml)), { online: false });
  try {
    return graphOf(await configuration.start(), configuration.loaded);
  } finally {
    await configuration.stop();
  }
}

test('what is declared: an `each` is one node, what waits has its edges, and sources lead to what names them', async () => {
  scene.world.put('list', '{ "x": "k", "y": "l" }');
  const file = `
config: { list: { type: memory, key: list }, far: { type: remote, key: "\${list.x}" } }
inputs:
  app: { type: memory, each: "\${list}", streams: ["\${each.key}"] }
  none: { type: memory, each: [], streams: [a] }
  later: { type: memory, each: "\${far}", streams: [b] }
transforms:
  split: { type: split, inputs: [app, none] }
outputs:
  one: { type: memory, inputs: [split.even, later] }
  two: { type: memory, inputs: [split.odd, app] }
`;
  expect(await graph(file)).toEqual({
    nodes: [
      { kind: 'config', id: 'list', type: 'memory', waits: [] },
      { kind: 'config', id: 'far', type: 'remote', waits: [] },
      { kind: 'input', id: 'app', type: 'memory', entries: 2, waits: [] },
      { kind: 'input', id: 'none', type: 'memory', entries: 0, waits: [] },
      { kind: 'input', id: 'later', type: 'memory', waits: ['far'] },
      { kind: 'transform', id: 'split', type: 'split', waits: [] },
      { kind: 'output', id: 'one', type: 'memory', waits: [] },
      { kind: 'output', id: 'two', type: 'memory', waits: [] },
    ],
    edges: [
      { from: 'app', to: 'split' },
      { from: 'app', to: 'two' },
      { from: 'none', to: 'split' },
      { from: 'later', to: 'one' },
      { from: 'split', exit: 'even', to: 'one' },
      { from: 'split', exit: 'odd', to: 'two' },
    ],
    values: [
      { from: 'list', to: { kind: 'config', id: 'far' } },
      { from: 'list', to: { kind: 'input', id: 'app' } },
      { from: 'far', to: { kind: 'input', id: 'later' } },
    ],
  });
});
