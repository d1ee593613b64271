import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Not imported: for all the names that the module exports Node would load undici too, which costs 13 ms and 3 MB. */
const { createServer, request } = process.getBuiltinModule('node:http');

export { request };

/** Milliseconds for a request to arrive, and for a connection on which nothing happens. */
const patience = { request: 5_000, silence: 30_000 };
const mostConnections = 64;

/** A server that a slow, silent or talkative client cannot hold up. */
export function limitedServer(listener: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: 8 << 10,
      headersTimeout: patience.request,
      requestTimeout: patience.request,
      connectionsCheckingInterval: patience.request,
    },
    oneByOne(listener),
  );
  server.maxConnections = mostConnections;
  server.setTimeout(patience.silence);
  // A connection that cannot be accepted is its caller's trouble alone.
  server.on('error', () => {});
  return server;
}

/** Who asks again on a connection before the answer is there is cut off: answers that nobody reads would pile up, thousands at once. */
function oneByOne(listener: RequestListener): RequestListener {
  const answers = new WeakMap<Socket, ServerResponse>();
  return (request, response) => {
    const { socket } = request;
    if (answers.get(socket)?.writableEnded === false) {
      socket.destroy();
      return;
    }
    answers.set(socket, response);
    listener(request, response);
  };
}

export interface Answer {
  readonly status: number;
  /** What the body is. */
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function respond(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, type, body, headers } = answer;
  response.writeHead(status, {
    ...headers,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    // What was not read of a request would be taken for the next one.
    ...(!request.complete && { connection: 'close' }),
  });
  response.end(body);
}

export function text(status: number, body: string, headers?: Answer['headers']): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${body}\n`, ...(headers && { headers }) };
}
