import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Finding } from '@logcatch/plugin-api';
import { addressText, type DesiredHttp } from '../config/index.ts';
import { askAgent } from '../control/control-client.ts';
import { cannotListen } from '../control/http-endpoint.ts';
import type { AgentStatus } from '../status/agent-status.ts';

/** Milliseconds for an agent to answer. */
const patience = 5_000;

/** Whether `http:` can be listened on: for a moment it is, unless the agent itself does. */
export async function* httpAddress(desired: DesiredHttp, dataDir: string): AsyncGenerator<Finding> {
  const address = addressText(desired);
  if (await listensHere(address, dataDir)) {
    yield { level: 'ok', what: `its agent listens on ${address}` };
    return;
  }
  const server = createServer();
  try {
    server.listen(desired.port, desired.host);
    await once(server, 'listening');
    yield { level: 'ok', what: `${address} can be listened on` };
  } catch (error) {
    const { message, hint } = cannotListen(error);
    yield { level: 'problem', what: `${address} cannot be listened on: ${message}`, hint };
  } finally {
    server.close();
  }
}

async function listensHere(address: string, dataDir: string): Promise<boolean> {
  try {
    const { http } = (await askAgent(dataDir, 'GET', '/status', patience)) as AgentStatus;
    return http?.state === 'running' && http.address === address;
  } catch {
    // None runs, or what is wrong with it is told of data_dir.
    return false;
  }
}
