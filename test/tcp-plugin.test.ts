import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { pipelineFile, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
import { blocks } from './support/document.ts';

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 50_000, interval: 20 });

/** Answers each batch, until it goes away: then the last one that it has taken has no answer. */
class TcpServer {
  readonly received: string[] = [];
  readonly unanswered: string[] = [];
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #leaves = false;

  get port(): number {
    return this.#port;
  }

  get away(): boolean {
    return this.#server === undefined;
  }

  async come(): Promise<void> {
    this.#leaves = false;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** With the next batch. */
  leave(): void {
    this.#leaves = true;
  }

  close(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (bytes) => {
      const lines = bytes.toString().split('\n').slice(0, -1);
      this.received.push(...lines);
      if (!this.#leaves) return void socket.write('ok\n');
      this.unanswered.push(...lines);
      this.close();
    });
  }
}

const example = blocks('docs/writing-plugins.md', 'ts').find((block) => block.includes("type: 'tcp'"))!;

it.each([
  ['as the guide writes it', example],
  [
    'that does not say what happened',
    example.replaceAll(/new LogcatchError\('LC_OUTPUT_UNREACHABLE', (.*)\);/g, 'new Error($1);'),
  ],
])('an output that connects when it starts, %s, goes on when its server has come back', async (_name, plugin) => {
  const folder = temporaryFolder();
  const server = new TcpServer();
  onTestFinished(() => server.close());
  await server.come();
  writeFileSync(join(folder, 'tcp.ts'), plugin);
  const log = join(folder, 'a.log');
  const written: string[] = [];
  const write = (count: number) => {
    const lines = Array.from({ length: count }, (_, i) => `line ${written.length + i}`);
    written.push(...lines);
    appendFileSync(log, `${lines.join('\n')}\n`);
  };
  write(10);
  const file = pipelineFile(
    folder,
    `plugins: [./tcp.ts]
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs: { far: { type: tcp, host: 127.0.0.1, port: ${server.port} } }`,
  );
  const agent = await startAgent(file);
  const far = async () => (await statusOf(file)).components.find(({ id }) => id === 'far')!;
  for (let round = 0; round < 2; round++) {
    await until(() => expect(new Set(server.received).size).toBe(written.length));
    server.leave();
    write(10);
    await until(() => expect(server.away).toBe(true));
    await until(async () => expect((await far()).state).toBe('degraded'));
    write(10);
    await server.come();
  }
  await until(() => expect(new Set(server.received).size).toBe(written.length));
  await until(async () => expect((await far()).state).toBe('running'));
  expect([...new Set(server.received)]).toEqual(written);
  // Twice came what had no answer, and nothing else.
  expect(server.received).toHaveLength(written.length + server.unanswered.length);
  await agent.stop();
});
