import { connect } from 'node:http2';
import type { Endpoint } from './endpoint.ts';
import type { TlsFiles } from './tls.ts';

/**
 * Resolves when the endpoint has begun to talk HTTP/2, and leaves nothing behind.
 *
 * gRPC's client can not give up connecting: where a process hangs (its kernel still accepts), every attempt would keep its
 * socket until the process goes on. So it is only let at endpoints that have just answered. Errors name their cause here, too.
 */
export function hello(endpoint: Endpoint, tls: TlsFiles | undefined, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.reject(signal.reason);
  const session = connect(endpoint.url, { ...tls });
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  session.once('remoteSettings', () => resolve());
  session.on('error', reject);
  session.once('close', () => reject(new Error('the connection was closed before it answered')));
  return promise.finally(() => {
    signal.removeEventListener('abort', abort);
    session.destroy();
  });
}
