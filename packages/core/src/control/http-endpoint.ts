import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { LogcatchError, messageOf, type Status } from '@logcatch/plugin-api';
import { addressText, type DesiredHttp, isLoopback } from '../config/index.ts';
import type { Log } from '../log.ts';
import { delay, restartBackoff, Supervisor } from '../pipeline/supervisor.ts';
import { readSecret } from '../secret.ts';
import { Serial } from '../serial.ts';
import type { AgentStatus } from '../status/agent-status.ts';
import type { FileList } from './file-list.ts';
import { type Answer, limitedServer, respond, text } from './http.ts';
import { type Route, routes } from './http-routes.ts';
import { LineStream } from './line-stream.ts';

/** The page takes its own files and asks this address, and nothing can be made of text but text. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Nothing of it is to be kept, framed, guessed at or read by another page. */
const strict = {
  'cache-control': 'no-store',
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const challenge = { 'www-authenticate': 'Bearer realm="logcatch"' };

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there: choose another port in `http:`, or stop that one. It is tried again.',
  EADDRNOTAVAIL: 'This host has no such address: listen on one that it has. It is tried again.',
  EACCES: 'This user may not listen there: choose a port from 1024 on.',
};

/** `http:` of the pipeline file, as it is. */
export interface HttpStatus extends Status {
  /** `127.0.0.1:9600` */
  readonly address: string;
  /** Whether it shows lines as they pass: `lines: true`. */
  readonly lines: boolean;
}

/** The files of the page, by the path at which they are found; `/` is one of them. */
export type PageFiles = Readonly<Record<string, URL>>;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Lines are shown to so many at once: whoever looks, all of them take a hundredth of the time, so each sees less. */
const mostStreams = 3;

export interface HttpParts {
  readonly log: Log;
  resolve(path: string): string;
  /** @param most sources that are listed of each input */
  status(most?: number): AgentStatus;
  /** @param text part of what is wanted */
  files(text: string): FileList;
  /** @throws LC_TAP_FILTER, LC_TAP_COMPONENT */
  tap(query: URLSearchParams): LineStream;
  /** What is at `/`. Default: nothing. */
  page?(): Promise<PageFiles>;
}

/** Metrics, health, status and the page over HTTP, for whoever may see them. Where it cannot listen it says so and tries again; shipping goes on. */
export class HttpEndpoint {
  readonly #parts: HttpParts;
  readonly #turns = new Serial();
  #desired: DesiredHttp | undefined;
  #supervisor: Supervisor | undefined;
  #server: Server | undefined;
  #retry: NodeJS.Timeout | undefined;
  #streams = 0;

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  /** Undefined while nothing is to listen. */
  get status(): HttpStatus | undefined {
    if (!this.#desired || !this.#supervisor) return undefined;
    const bound = this.#server?.address() as AddressInfo | null | undefined;
    return {
      address: addressText({ ...this.#desired, ...(bound && { port: bound.port }) }),
      lines: this.#desired.lines === true,
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
          .then((answer) => this.#send(request, response, answer));
      });
      server.listen(desired.port, desired.host);
      await once(server, 'listening').catch((error) => {
        throw cannotListen(error);
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

  #send(request: IncomingMessage, response: ServerResponse, answer: Answer | LineStream): void {
    response.setHeaders(new Map(Object.entries(strict)));
    if (!(answer instanceof LineStream)) {
      respond(request, response, answer);
      return;
    }
    // Who has gone meanwhile does not go again.
    if (response.destroyed) return;
    this.#streams++;
    response.on('close', () => this.#streams--);
    answer.answer(response);
  }

  async #answer(desired: DesiredHttp, request: IncomingMessage): Promise<Answer | LineStream> {
    const { method, url = '', headers } = request;
    if (isLoopback(desired.host) && !isLoopback(hostOf(headers.host))) {
      // A page of another site may have given its own name to this address, and then read what it answers.
      return text(403, 'This address is for programs of this host, under its own name: 127.0.0.1, [::1] or localhost.');
    }
    const [path, query] = url.split('?', 2) as [string, string | undefined];
    const route = Object.hasOwn(routes, path) ? routes[path] : await this.#pageRoute(path);
    const whole = await this.#knows(desired, headers.authorization);
    if (!whole && !route?.open) {
      return text(401, 'Send the token of `http:` as `Authorization: Bearer TOKEN`.', challenge);
    }
    if (!route) return text(404, `There is no ${path}; there are ${Object.keys(routes).join(', ')}.`);
    if (method !== 'GET' && method !== 'HEAD') return notTaken(path, 'GET, HEAD');
    const answer = await route.answer({
      parts: this.#parts,
      query: new URLSearchParams(query),
      whole,
      lines: desired.lines === true,
      crowded: this.#streams >= mostStreams,
    });
    // It has no end, and so no length.
    if (method === 'HEAD' && answer instanceof LineStream) return notTaken(path, 'GET');
    // What is for everybody says that there is more.
    return whole || answer instanceof LineStream ? answer : { ...answer, headers: { ...answer.headers, ...challenge } };
  }

  /** Open: the page shows nothing before it is given the token. */
  async #pageRoute(path: string): Promise<Route | undefined> {
    const files = await this.#parts.page?.();
    const file = files && Object.hasOwn(files, path) ? files[path] : undefined;
    if (!file) return undefined;
    const type = types[extname(file.pathname)]!;
    return { open: true, answer: async () => ({ status: 200, type, body: await readFile(file, 'utf8') }) };
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
    // A header could not bring it, and nobody would be let in without a word.
    if (/\s/.test(value)) throw new LogcatchError('LC_HTTP_TOKEN', 'it holds white space');
    return value;
  }
}

function notTaken(path: string, allow: string): Answer {
  return text(405, `${path} takes ${allow} alone.`, { allow });
}

/** How long it takes tells nothing of either: digests have one length. */
function isSame(a: string, b: string): boolean {
  const [first, second] = [a, b].map((value) => createHash('sha256').update(value).digest());
  return timingSafeEqual(first!, second!);
}

/** Why an address cannot be listened on. */
export function cannotListen(cause: unknown): LogcatchError {
  const hint = hints[(cause as NodeJS.ErrnoException).code ?? ''];
  return new LogcatchError('LC_HTTP_LISTEN', messageOf(cause), { cause, ...(hint !== undefined && { hint }) });
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
