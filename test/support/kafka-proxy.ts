import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Requests of Kafka's protocol by their numbers. */
export const requests = { produce: 0, fetch: 1, initProducerId: 22, addPartitionsToTxn: 24, endTxn: 26 } as const;

/** `before`: it comes to the proxy, and no further. `sent`: the broker gets it. `answered`: the broker has answered, and nobody gets that. */
export type Moment = 'before' | 'sent' | 'answered';

interface Trap {
  readonly request: keyof typeof requests;
  readonly moment: Moment;
  /** The how-manieth of them. */
  left: number;
  readonly caught: PromiseWithResolvers<void>;
  spring(): void;
}

/** Whose requests are looked at: `client_id` of the output. */
const clientId = 'logcatch';

/** Stands before a broker that names it as its address, and sees each request of the agent. */
export async function startKafkaProxy(port: number, target: number) {
  const sockets = new Set<Socket>();
  let trap: Trap | undefined;

  /** Whether this request or answer is the one that is waited for. */
  const caught = (key: number, moment: Moment): boolean => {
    if (!trap || requests[trap.request] !== key || trap.moment !== moment || --trap.left > 0) return false;
    trap.spring();
    trap.caught.resolve();
    trap = undefined;
    return true;
  };

  const server = createServer((client) => {
    const broker = connect(target, '127.0.0.1');
    /** Keys of requests without an answer, which come in their order. */
    const open: number[] = [];
    let dead = false;
    const forward = (from: Socket, to: Socket, pass: (frame: Buffer) => boolean) => {
      const frames = new Frames();
      sockets.add(from);
      from.on('data', (bytes) => {
        for (const frame of frames.take(bytes)) {
          if (!dead && pass(frame)) to.write(frame);
        }
      });
      from.on('close', () => {
        sockets.delete(from);
        if (!dead) to.destroy(); // else the broker might not read what it was sent
      });
      from.on('error', () => {});
    };
    forward(client, broker, (frame) => {
      const ours = frame.toString('utf8', 14, 14 + frame.readInt16BE(12)) === clientId;
      const key = ours ? frame.readInt16BE(4) : -1;
      dead ||= caught(key, 'before');
      if (dead) return false;
      open.push(key);
      if (trap?.moment === 'sent' && requests[trap.request] === key) {
        // Nothing after it may get through, and it is to get there: killing the client would end the connection at once.
        broker.write(frame, () => {
          dead ||= caught(key, 'sent');
        });
        return false;
      }
      return true;
    });
    forward(broker, client, () => {
      dead ||= caught(open.shift() ?? -1, 'answered');
      return !dead;
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    /** Calls `spring` at the `count`th of these requests from now on. Resolves when it has. */
    trap(request: keyof typeof requests, moment: Moment, count: number, spring: () => void): Promise<void> {
      trap = { request, moment, left: count, caught: Promise.withResolvers(), spring };
      return trap.caught.promise;
    },
  };
}

/** Cuts a stream into requests or answers, each with the four bytes of its length. */
class Frames {
  #chunks: Buffer[] = [];
  #size = 0;
  #wanted = 4;

  *take(bytes: Buffer): Generator<Buffer> {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    while (this.#size >= this.#wanted) {
      const all = Buffer.concat(this.#chunks);
      this.#wanted = 4 + all.readInt32BE(0);
      const whole = all.length >= this.#wanted;
      const frame = all.subarray(0, this.#wanted);
      const rest = whole ? all.subarray(this.#wanted) : all;
      this.#chunks = [rest];
      this.#size = rest.length;
      if (!whole) return;
      this.#wanted = 4;
      yield frame;
    }
  }
}
