import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineOutput, type Finding, secret, z } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { Scene } from '../fixtures/scene.ts';
import { examine } from './examine.ts';

const scene = new Scene();
const ok: Finding = { level: 'ok', what: 'fine' };

/** What it comes to for a pipeline with two outputs of a plugin that says this. */
async function examined(diagnose: Parameters<typeof defineOutput>[0]['diagnose'], deadline?: number) {
  const engine = scene.world.engine();
  const create = (): never => {
    throw new Error('nothing is made');
  };
  const options = z.strictObject({ password: secret().optional() });
  engine.use(defineOutput({ type: 'told', description: '', options, create, ...(diagnose && { diagnose }) }));
  const file = scene.world.configure(`
http: { listen: 0, token: { file: ./open } }
inputs:
  app: { type: memory, streams: [a], attributes: { topic: x } }
  same: { type: memory, streams: [b], attributes: { topic: x } }
outputs:
  one: { type: told, password: { file: ./closed } }
  two: { type: told, password: { file: ./open }, required: false }
  three: { type: told, password: { file: ./missing }, required: false }
`);
  const desired = engine.resolve(await engine.read(file), new Map());
  return Promise.all(examine(desired, engine, deadline));
}

test('a plugin sees all its components at once, with what inputs give to records', async () => {
  const all = await examined(async function* (components) {
    for (const { context, attributes } of components)
      yield { ...ok, what: `${context.id} ${JSON.stringify(attributes)}` };
  });
  expect(all.map(({ subject }) => subject)).toEqual(['state', 'secrets', 'output told']);
  expect(all[2]).toMatchObject({
    components: ['one', 'two', 'three'],
    findings: [{ what: 'one [{"topic":"x"}]' }, { what: 'two [{"topic":"x"}]' }, { what: 'three [{"topic":"x"}]' }],
  });
});

test('one that throws, and one that never ends, say what they had to say until then', async () => {
  const thrown = await examined(async function* () {
    yield ok;
    throw new Error('a bug');
  });
  expect(thrown[2]!.findings).toEqual([ok, { level: 'warning', what: 'a bug' }]);
  const late = await examined(async function* () {
    yield ok;
    await new Promise(() => {});
  }, 50);
  expect(late[2]!.findings).toEqual([ok, { level: 'problem', what: expect.stringContaining('not all was looked at') }]);
});

test('files with secrets: readable by us, and by nobody else', async () => {
  for (const [name, mode] of [
    ['closed', 0o600],
    ['open', 0o644],
  ] as const) {
    writeFileSync(join(scene.world.folder, name), 'hunter2');
    chmodSync(join(scene.world.folder, name), mode);
  }
  const { findings } = (await examined(undefined))[1]!;
  expect(findings).toMatchObject([
    { level: 'warning', what: expect.stringContaining('mode is 644') },
    { level: 'ok', what: expect.stringContaining('/closed') },
    { level: 'problem', what: expect.stringContaining('/missing cannot be read: ENOENT') },
  ]);
  expect(JSON.stringify(findings)).not.toContain('hunter2');
});
