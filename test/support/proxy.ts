import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands between client and server, and breaks what goes through it. */
export async function startProxy(target: string) {
  const pairs = new Set<Socket>();
  let refusing = false;
  const server = createServer((client) => {
    if (refusing) return void client.destroy();
    const upstream = connect(Number(new URL(target).port), '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      pairs.add(from);
      from.on('data', (bytes) => to.write(bytes));
      from.on('close', () => {
        pairs.delete(from);
        to.destroy();
      });
      from.on('error', () => {});
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of pairs) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Cuts all connections and takes no more. */
    close: () => {
      refusing = true;
      cut();
    },
    open: () => {
      refusing = false;
    },
    /** The connections that there are stay open, and nothing comes through them any more, in either direction. */
    halfOpen: () => {
      for (const socket of pairs) {
        socket.removeAllListeners('data');
        socket.on('data', () => {});
      }
    },
    get connections() {
      return pairs.size / 2;
    },
  };
}
