import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { pipelineFile, runPipeline, startAgent, statusOf, temporaryFolder } from './support/agent.ts';
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

/** What an agent says when a plugin of its own has thrown where nothing can catch it. */
async function uncaught(write: string): Promise<string> {
  const folder = temporaryFolder();
  writeFileSync(
    join(folder, 'mine.ts'),
    `import { connect } from 'node:net';
import { defineOutput, z } from '@logcatch/plugin-api';
export default defineOutput({ type: 'mine', description: '', options: z.strictObject({}), create: () => ({
  async start() {},
  async write() {
    ${write}
  },
  async stop() {},
}) });`,
  );
  writeFileSync(join(folder, 'a.log'), 'one\n');
  const yaml =
    'plugins: [./mine.ts]\ninputs: { app: { type: file-tail, paths: ./*.log } }\noutputs: { out: { type: mine } }';
  const { code, stderr } = await runPipeline('run', pipelineFile(folder, yaml));
  expect(code).toBe(1);
  return stderr.split('\n').find((line) => line.includes('nothing could catch'))!;
}

it("a socket without an 'error' listener: what is missing is told, and which plugins there are", async () => {
  const server = createServer((socket) => socket.on('error', () => {}).resetAndDestroy());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const line = await uncaught(`connect(${port}, '127.0.0.1').resume();`);
  expect(line).toMatch(/ECONNRESET.* A plugin's socket or stream has no 'error' listener/);
  expect(line).toContain('Plugins of this file: ./mine.ts.');
});

it('a callback that throws: its place is told', async () => {
  const line = await uncaught(`setTimeout(() => { throw new Error('boom'); }, 1);`);
  expect(line).toMatch(/\/mine\.ts:6:\d+ LC_PLUGIN_THREW an error that nothing could catch; .*: Error: boom/);
});
