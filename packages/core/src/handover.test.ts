import { describe, expect, test } from 'vitest';
import { Scene, until } from './fixtures/scene.ts';

const scene = new Scene();

/** A source that has ended cannot be read again: what is on its way is all there is. */
async function endedWith(yaml: string) {
  scene.world.add('a', 'one', 'two');
  const agent = await scene.world.start(`shutdown_timeout: 300ms\n${yaml}`);
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
    expect(agent.discoveries.of('app')).toMatchObject({ found: 1, resumed: 0 });
  });
});
