/** Where an etcd listens. */
export interface Endpoint {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly secure: boolean;
}

const shape = /^(?:(https?):\/\/)?([^\s/:@[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/?$/i;

/**
 * Reads `host`, `host:port` or a URL of them. Without a scheme it is http, or https where TLS is set up; without a port
 * it is 2379. `undefined` when it is none of these.
 */
export function parseEndpoint(text: string, tls: boolean): Endpoint | undefined {
  const [, given, host, port = '2379'] = shape.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  const scheme = given?.toLowerCase() ?? (tls ? 'https' : 'http');
  return { url: `${scheme}://${host}:${Number(port)}`, secure: scheme === 'https' };
}
