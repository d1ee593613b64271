import { once } from 'node:events';
import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands where a server stood, notes who comes and lets nobody in. */
export async function startDoorman(port: number) {
  /** Milliseconds, as `performance.now()` counts. */
  const visits: number[] = [];
  const server = createServer((socket) => {
    visits.push(performance.now());
    socket.on('error', () => {});
    socket.destroy();
    server.emit('visit');
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () => new Promise<void>((resolve) => void server.close(() => resolve()));
  onTestFinished(close);
  return {
    visits,
    /** Waits until so many have come. */
    seen: async (count: number) => {
      while (visits.length < count) await once(server, 'visit');
    },
    close,
  };
}
