import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { type OutputSubject, outputContract } from '@logcatch/testing';
import plugin from './index.ts';

const { definition } = plugin;

/** The output, and a server that it writes to: for each case a new one. */
async function subject(): Promise<OutputSubject> {
  const written: string[] = [];
  let failing = false;
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const status = failing ? 503 : body === 'bad' ? 400 : 200;
    if (status === 200) written.push(body);
    response.writeHead(status).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    create: (context) => definition.create(definition.options.parse({ url }), context),
    written: async () => written,
    fail: async () => {
      failing = true;
    },
    heal: async () => {
      failing = false;
    },
    refused: 'bad',
    cleanup: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

// What every output promises: nothing is lost through failures, no view of a batch is kept, `stop` is legal at any time.
for (const { name, run } of outputContract(subject)) test(name, run);
