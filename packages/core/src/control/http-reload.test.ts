import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { lines, Scene, simple, until } from '../fixtures/scene.ts';
import { statusOf } from '../status/agent-status.ts';

const scene = new Scene();

test('http is taken live; one that cannot listen is told, and shipping goes on', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const agent = await scene.world.start(simple);
  expect(statusOf(agent)).not.toHaveProperty('http');
  const set = async (http: string) => {
    scene.world.configure(`${http}\n${simple}`);
    return agent.reloadFile();
  };
  expect(await set('http: 0')).toMatchObject({ result: 'applied', plan: { settings: ['http'] } });
  await until(() => expect(statusOf(agent)).toMatchObject({ well: true, http: { state: 'running' } }));
  const { address } = statusOf(agent).http!;
  expect(await (await fetch(`http://${address}/healthz`)).text()).toBe('alive\n');
  await set(`http: ${port}`);
  await until(() => expect(statusOf(agent)).toMatchObject({ well: false, http: { state: 'degraded' } }));
  expect(statusOf(agent).http!.reason).toContain('LC_HTTP_LISTEN');
  scene.world.add('a', ...lines);
  await scene.untilWritten(lines.length);
  await set('');
  await until(() => expect(statusOf(agent)).toMatchObject({ well: true }));
  await expect(fetch(`http://${address}/healthz`)).rejects.toThrow();
});
