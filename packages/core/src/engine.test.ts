import { expect, test } from 'vitest';
import { ConfigErrors } from './config/index.ts';
import { Scene } from './fixtures/scene.ts';

const scene = new Scene();

/** Where something is wrong with a file. */
async function faultsOf(text: string): Promise<(string | undefined)[]> {
  const error = await scene.world
    .engine()
    .read('p.yaml', text)
    .catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ConfigErrors);
  return (error as ConfigErrors).errors.map(({ at }) => at);
}

test('what is wrong at the top of a file is told with what is wrong below, and nothing that a source may still mend', async () => {
  const text = `
max_bytes: 10
config: { list: { type: remote, key: list } }
inputs: { app: { type: memory, each: "\${list}", streams: ["\${each.name}"] } }
outputs: { out: { type: memory, colour: red } }
`;
  expect(await faultsOf(text)).toEqual(['max_bytes', 'outputs.out.colour']);
  expect(await faultsOf(text.replace('max_bytes: 10', 'http: { lisen: 1 }'))).toEqual([
    'http.listen',
    'http.lisen',
    'outputs.out.colour',
  ]);
});

test('of a section that is misspelt nothing follows', async () => {
  expect(
    await faultsOf('input: { app: { type: memory, streams: [a] } }\noutputs: { out: { type: memory, inputs: [app] } }'),
  ).toEqual(['input']);
});
