import { describe, expect, test } from 'vitest';
import { Cluster } from '../fixtures/cluster.ts';
import { Scene, until } from '../fixtures/scene.ts';

const scene = new Scene();

/** A source that has ended cannot be read again: what is on its way is all there is. */
async function endedWith(yaml: string, engine = scene.world.engine()) {
  scene.world.add('a', 'one', 'two');
  const agent = await scene.world.start(`shutdown_timeout: 300ms\n${yaml}`, { engine });
  scene.world.gone.add('a');
  await until(() => expect([...agent.pipeline.inputs[0]!.sources]).toMatchObject([{ ended: 'gone', unsettled: 2 }]));
  return {
    agent,
    /** Changes the file and waits until nothing is left of the source. */
    async becomes(next: string) {
      scene.world.configure(`shutdown_timeout: 300ms\n${next}`);
      expect(await agent.reloadFile()).toMatchObject({ result: 'applied' });
      scene.world.failing.delete('out');
      await until(() => expect([...agent.pipeline.inputs[0]!.sources]).toEqual([]));
    },
  };
}

const yaml = ({ input = '', transform = '', output = 'out: { type: memory }' } = {}) => `
inputs: { app: { type: memory, streams: [a]${input} } }
transforms: { ${transform} }
outputs: { ${output} }
`;
const tagged = (tag: string) => `out: { type: memory, tag: "${tag}" }`;
const upper = (tag: string) => `up: { type: upper, tag: "${tag}" }`;

describe('what is on its way from a source that has ended', () => {
  test('goes to the changed output, also when the old one does not stop', async () => {
    scene.world.deaf.add('old ');
    const { becomes } = await endedWith(yaml({ output: tagged('old ') }));
    await becomes(yaml({ output: tagged('new ') }));
    expect(scene.written()).toEqual(['new one', 'new two']);
  });

  test('waits no more for an output that is removed', async () => {
    scene.world.deaf.add('deaf');
    const { becomes } = await endedWith(yaml({ output: `other: { type: memory }, ${tagged('deaf')}` }));
    await becomes(yaml({ output: 'other: { type: memory }' }));
    expect(scene.written('other')).toEqual(['one', 'two']);
  });

  test('goes through the changed transform, when the old one was broken', async () => {
    scene.world.failing.add('broken');
    const { becomes } = await endedWith(yaml({ transform: upper('broken') }));
    await becomes(yaml({ transform: upper('mended') }));
    expect(scene.written()).toEqual(['ONE', 'TWO']);
  });

  test('goes past a transform that is removed', async () => {
    scene.world.failing.add('broken');
    const { becomes } = await endedWith(yaml({ transform: upper('broken') }));
    await becomes(yaml());
    expect(scene.written()).toEqual(['one', 'two']);
  });

  test('stays with the changed input, which does not take it for a source of its own', async () => {
    scene.world.failing.add('out');
    const { agent, becomes } = await endedWith(yaml());
    await becomes(yaml({ input: ', batch: 5' }));
    expect(scene.written()).toEqual(['one', 'two']);
    expect(agent.pipeline.counters('app')?.discovered).toMatchObject({ found: 1, resumed: 0 });
  });
});

describe('what is on its way from a source that has ended, when its output becomes exactly once', () => {
  const exact = (plain: boolean) => yaml({ output: `out: { type: exact, plain: ${plain} }` });

  /** @param fault of the first commit with something in it */
  async function becomesExact(fault?: 'before' | 'after') {
    const cluster = new Cluster();
    cluster.away = true;
    cluster.distance = 1;
    const engine = scene.world.engine();
    for (const plugin of cluster.plugins) engine.use(plugin);
    const { agent, becomes } = await endedWith(exact(true), engine);
    cluster.recovered = () => {
      cluster.away = false;
      if (fault && cluster.calls.recover === 1) cluster.faults.commit.push(fault);
    };
    await becomes(exact(false));
    expect(cluster.broken).toEqual([]);
    return { account: agent.accounts().get('app')!, written: cluster.textsOf('a') };
  }

  test('it belongs to a transaction', async () => {
    const { account, written } = await becomesExact();
    expect(written).toEqual(['one', 'two']);
    expect(account).toMatchObject({ delivered: 2, abandoned: {} });
  });

  test('it counts as lost when that is void', async () => {
    const { account, written } = await becomesExact('before');
    expect(written).toEqual([]);
    expect(account).toMatchObject({ delivered: 0, abandoned: { gone: 2 } });
  });
});
