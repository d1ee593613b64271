import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '@logcatch/plugin-api';
import { expect, onTestFinished, test } from 'vitest';
import { ControlServer } from '../control/control.ts';
import { httpAddress } from './http-address.ts';

const host = '127.0.0.1';

async function findings(port: number, dataDir: string): Promise<Finding[]> {
  const found: Finding[] = [];
  for await (const finding of httpAddress({ host, port }, dataDir)) found.push(finding);
  return found;
}

test('a port that another has is a problem, one that its own agent has is none', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'logcatch-doctor-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const other = createServer().listen(0, host);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const taken = [
    {
      level: 'problem',
      what: expect.stringMatching(`^${host}:${port} cannot be listened on: .*EADDRINUSE`),
      hint: expect.stringContaining('Another program listens there'),
    },
  ];
  expect(await findings(port, dataDir)).toEqual(taken);

  let state = 'degraded';
  const status = () => ({ http: { address: `${host}:${port}`, state } });
  const agent = await ControlServer.open(dataDir, { 'GET /status': status });
  expect(await findings(port, dataDir)).toEqual(taken);
  state = 'running';
  expect(await findings(port, dataDir)).toEqual([{ level: 'ok', what: `its agent listens on ${host}:${port}` }]);
  await agent.close();

  other.close();
  await once(other, 'close');
  const free = [{ level: 'ok', what: `${host}:${port} can be listened on` }];
  expect(await findings(port, dataDir)).toEqual(free);
  // It has left nothing open.
  expect(await findings(port, dataDir)).toEqual(free);
});
