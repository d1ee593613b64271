import { once } from 'node:events';
import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type ErrorCode, LogcatchError, messageOf } from '@logcatch/plugin-api';
import type { Agent } from '../agent.ts';
import { letterCommands } from '../letters/dead-letter-commands.ts';
import { checkpointCommands } from '../state/checkpoint-commands.ts';
import { statusOf } from '../status/agent-status.ts';
import { controlSocket, type SocketAddress, socketAddress } from './control-socket.ts';
import { limitedServer, respond } from './http.ts';
import { LineStream } from './line-stream.ts';
import { tapCommands } from './taps.ts';

/** Answers a request with what becomes JSON, or with a {@link LineStream}. What it throws with a code reaches whoever asked. */
export type Command = (query: URLSearchParams) => unknown;
/** By method and path: `GET /status`. */
export type Commands = Readonly<Record<string, Command>>;

/** What can be asked of a running agent. */
export function commandsOf(agent: Agent): Commands {
  return {
    'GET /status': () => statusOf(agent),
    'POST /plan': () => agent.planFile(),
    ...checkpointCommands(agent.checkpoints),
    ...letterCommands(agent.deadLetters, agent.pipeline, agent.log),
    ...tapCommands(agent.taps),
  };
}

/** The body of every answer that is not 200. */
export interface ControlFailure {
  readonly error: string;
  /** Of an error that the command told: then `error` is its message alone. */
  readonly code?: ErrorCode;
  readonly hint?: string;
}

/** Bytes of a request's body. */
const longestBody = 64 << 10;
/** Made anew in data_dir for the moment in which the socket is bound: nobody else can enter it. */
const nursery = 'control.d';

/** HTTP over a unix socket in data_dir, for this user alone. Whoever holds the lock of data_dir owns the socket. */
export class ControlServer {
  readonly #server: Server;
  readonly #dataDir: string;
  readonly #address: SocketAddress;

  /** @throws LC_CONTROL_SOCKET */
  static async open(dataDir: string, commands: Commands): Promise<ControlServer> {
    const folder = join(dataDir, nursery);
    let address: SocketAddress | undefined;
    try {
      await rm(folder, { recursive: true, force: true });
      mkdirSync(folder, { mode: 0o700 });
      address = socketAddress(dataDir, join(nursery, 's'));
      const server = limitedServer((request, response) => void answer(commands, request, response));
      server.listen(address.path);
      await once(server, 'listening');
      chmodSync(join(folder, 's'), 0o600);
      // In place at once, and in the place of one that a dead agent left behind.
      renameSync(join(folder, 's'), join(dataDir, controlSocket));
      return new ControlServer(server, dataDir, address);
    } catch (error) {
      address?.close();
      if (error instanceof LogcatchError) throw error;
      throw new LogcatchError('LC_CONTROL_SOCKET', messageOf(error), { cause: error });
    } finally {
      // What stays is removed by the next one.
      await rm(folder, { recursive: true, force: true }).catch(() => {});
    }
  }

  private constructor(server: Server, dataDir: string, address: SocketAddress) {
    this.#server = server;
    this.#dataDir = dataDir;
    this.#address = address;
  }

  /** Legal twice. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    rmSync(join(this.#dataDir, controlSocket), { force: true });
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    this.#address.close();
  }
}

async function answer(commands: Commands, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [status, body] = await outcome(commands, request)
    .then(([status, body]): [number, string | LineStream] => [
      status,
      body instanceof LineStream ? body : JSON.stringify(body),
    ])
    .catch((error): [number, string] => {
      const known = error instanceof LogcatchError;
      const failure: ControlFailure = known
        ? { error: error.message, code: error.code, hint: error.hint }
        : { error: messageOf(error) };
      return [known ? 422 : 500, JSON.stringify(failure)];
    });
  if (body instanceof LineStream) return body.answer(response);
  respond(request, response, { status, type: 'application/json', body });
}

async function outcome(commands: Commands, request: IncomingMessage): Promise<[status: number, body: unknown]> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > longestBody) return [413, { error: `a request has at most ${longestBody} bytes` }];
    chunks.push(chunk as Buffer);
  }
  const { method = '', url = '' } = request;
  const [path, query] = url.split('?', 2) as [string, string | undefined];
  // What is to be changed stands in the body, as a form's: it can be long.
  const form = method === 'POST' ? Buffer.concat(chunks).toString() : query;
  const key = `${method} ${path}`;
  const command = Object.hasOwn(commands, key) ? commands[key] : undefined;
  if (command) return [200, await command(new URLSearchParams(form))];
  const methods = Object.keys(commands).filter((known) => known.endsWith(` ${path}`));
  if (methods.length === 0)
    return [404, { error: `there is no ${path}; there are ${Object.keys(commands).join(', ')}` }];
  return [405, { error: `${path} takes ${methods.join(', ')}` }];
}
