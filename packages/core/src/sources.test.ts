import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Checkpointer } from './checkpointer.ts';
import { InputSources } from './sources.ts';
import { Store } from './store.ts';

test('attributes of a source: the user wins over the input, what is built in over both, also after a change', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sources-'));
  const store = new Store(folder);
  const environment = {
    store,
    checkpointer: {} as Checkpointer,
    host: 'h',
    progressed: () => {},
    discovered: () => {},
    abandoned: () => {},
  };
  const sources = new InputSources('app', { topic: 't', service: 'mine' }, environment, {
    pause: () => {},
    resume: () => {},
    rewind: () => {},
  });
  const [source] = sources.open([
    { path: '/v/web/a.log', meta: {}, attributes: { service: 'web', zone: 'z', name: 'x' } },
  ]);
  const builtIn = { path: '/v/web/a.log', name: 'a.log', input: 'app', host: 'h' };
  expect(source!.attributes).toEqual({ ...builtIn, topic: 't', service: 'mine', zone: 'z' });
  sources.retag({ topic: 'u' });
  expect(source!.attributes).toEqual({ ...builtIn, topic: 'u', service: 'web', zone: 'z' });
  store.close();
  rmSync(folder, { recursive: true });
});
