import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { LogcatchError, messageOf, type Status } from '@logcatch/plugin-api';
import type { AgentStatus } from './agent-status.ts';
import { addressText, type DesiredHttp, isLoopback } from './config/index.ts';
import { type Answer, limitedServer, respond, text } from './http.ts';
import { routes } from './http-routes.ts';
import type { Log } from './log.ts';
import { readSecret } from './secret.ts';
import { Serial } from './serial.ts';
import { delay, restartBackoff, Supervisor } from './supervisor.ts';

/** Nothing of it is to be kept, framed, guessed at or read by another page. */
const strict = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there: choose another port in `http:`, or stop that one. It is tried again.',
  EADDRNOTAVAIL: 'This host has no such address: listen on one that it has. It is tried again.',
  EACCES: 'This user may not listen there: choose a port from 1024 on.',
};

/** `http:` of the pipeline file, as it is. */
export interface HttpStatus extends Status {
  /** `127.0.0.1:9600` */
  readonly address: string;
}

export interface HttpParts {
  readonly log: Log;
  resolve(path: string): string;
  status(): AgentStatus;
}

/** Metrics, health and status over HTTP, for whoever may see them. Where it cannot listen it says so and tries again; shipping goes on. */
export class HttpEndpoint {
  readonly #parts: HttpParts;
  readonly #turns = new Serial();
  #desired: DesiredHttp | undefined;
  #supervisor: Supervisor | undefined;
  #server: Server | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  /** Undefined while nothing is to listen. */
  get status(): HttpStatus | undefined {
    if (!this.#desired || !this.#supervisor) return undefined;
    const bound = this.#server?.address() as AddressInfo | null | undefined;
    return {
      address: addressText({ ...this.#desired, ...(bound && { port: bound.port }) }),
      ...this.#supervisor.status,
    };
  }

  /** Listens there and nowhere else. Resolves when that was tried once. */
  listen(desired: DesiredHttp | undefined): Promise<void> {
    return this.#turns.run(async () => {
      if (isDeepStrictEqual(desired, this.#desired)) return;
      await this.#close();
      this.#desired = desired;
      if (!desired) return;
      this.#supervisor = new Supervisor('http', this.#parts.log.for('http'), () => {});
      this.#supervisor.move('starting');
      await this.#open(desired, this.#supervisor, 0);
    });
  }

  close(): Promise<void> {
    return this.listen(undefined);
  }

  async #open(desired: DesiredHttp, supervisor: Supervisor, attempt: number): Promise<void> {
    try {
      await this.#token(desired);
      const server = limitedServer((request, response) => {
        this.#answer(desired, request)
          .catch((error) => {
            this.#parts.log.failure(supervisor.explain(error));
            return text(500, 'This cannot be answered now: the log of the agent says why.');
          })
          .then((answer) => respond(request, response, { ...answer, headers: { ...answer.headers, ...strict } }));
      });
      server.listen(desired.port, desired.host);
      await once(server, 'listening').catch((error) => {
        throw new LogcatchError('LC_HTTP_LISTEN', messageOf(error), {
          cause: error,
          ...(hints[error.code] !== undefined && { hint: hints[error.code]! }),
        });
      });
      this.#server = server;
      supervisor.started();
    } catch (error) {
      this.#parts.log.failure(supervisor.failed('degraded', error));
      this.#retry = setTimeout(
        () =>
          void this.#turns.run(async () => {
            if (desired === this.#desired) await this.#open(desired, supervisor, attempt + 1);
          }),
        delay(restartBackoff, attempt),
      );
    }
  }

  async #close(): Promise<void> {
    clearTimeout(this.#retry);
    const server = this.#server;
    this.#server = undefined;
    this.#supervisor = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async #answer(desired: DesiredHttp, request: IncomingMessage): Promise<Answer> {
    const { method, url = '', headers } = request;
    if (isLoopback(desired.host) && !isLoopback(hostOf(headers.host))) {
      // A page of another site may have given its own name to this address, and then read what it answers.
      return text(403, 'This address is for programs of this host, under its own name: 127.0.0.1, [::1] or localhost.');
    }
    const path = url.split('?', 1)[0]!;
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    const whole = await this.#knows(desired, headers.authorization);
    if (!whole && !route?.open) {
      return text(401, 'Send the token of `http:` as `Authorization: Bearer TOKEN`.', {
        'www-authenticate': 'Bearer realm="logcatch"',
      });
    }
    if (!route) return text(404, `There is no ${path}; there are ${Object.keys(routes).join(', ')}.`);
    if (method !== 'GET') return text(405, `${path} takes GET alone.`, { allow: 'GET' });
    return route.answer(() => this.#parts.status(), whole);
  }

  /** Whether who asks may see everything. */
  async #knows(desired: DesiredHttp, authorization: string | undefined): Promise<boolean> {
    if (desired.token === undefined) return true;
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    return given !== undefined && isSame(given, (await this.#token(desired))!);
  }

  /** Read whenever it is asked for, so that a changed file counts. @throws LC_HTTP_TOKEN */
  async #token({ token }: DesiredHttp): Promise<string | undefined> {
    if (token === undefined) return undefined;
    const value = await readSecret(token, this.#parts.resolve).catch((error) => {
      throw new LogcatchError('LC_HTTP_TOKEN', messageOf(error), { cause: error });
    });
    if (value === '') throw new LogcatchError('LC_HTTP_TOKEN', 'it is empty');
    return value;
  }
}

/** How long it takes tells nothing of either: digests have one length. */
function isSame(a: string, b: string): boolean {
  const [first, second] = [a, b].map((value) => createHash('sha256').update(value).digest());
  return timingSafeEqual(first!, second!);
}

/** The name in a `Host` header, without its port. */
function hostOf(header = ''): string {
  return (
    /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/
      .exec(header)
      ?.slice(1)
      .find((part) => part !== undefined) ?? ''
  );
}
