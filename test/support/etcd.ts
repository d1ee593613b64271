import { setTimeout } from 'node:timers/promises';
import { uniqueTopic } from '../servers/index.ts';

/** etcd's JSON gateway: no client that the product uses. @throws what etcd answers instead */
export async function askEtcd(
  endpoint: string,
  path: string,
  body: Record<string, unknown>,
  token?: string,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${endpoint}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: token === undefined ? {} : { authorization: token },
    signal: AbortSignal.timeout(30_000),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  return answer;
}

/** One key of one's own. */
export class EtcdKey {
  readonly key: string;
  readonly endpoint: string;
  /** Sent with each request, where etcd wants a login. */
  token: string | undefined;

  constructor(endpoint: string, key = uniqueTopic('/logcatch-test/')) {
    this.endpoint = endpoint;
    this.key = key;
  }

  /** Returns the revision. @param value text and bytes as they are, all else as JSON */
  async put(value: unknown): Promise<string> {
    const content = typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value);
    return revisionOf(await this.#ask('kv/put', { key: base64(this.key), value: base64(content) }));
  }

  /** Its text; undefined where it is not there. */
  async get(): Promise<string | undefined> {
    const { kvs = [] } = (await this.#ask('kv/range', { key: base64(this.key) })) as { kvs?: { value: string }[] };
    return kvs[0] && Buffer.from(kvs[0].value, 'base64').toString();
  }

  async remove(): Promise<string> {
    return revisionOf(await this.#ask('kv/deleterange', { key: base64(this.key) }));
  }

  #ask(path: string, body: Record<string, unknown>): Promise<Record<string, unknown>> {
    return askEtcd(this.endpoint, path, body, this.token);
  }
}

/** Logs in. */
export async function loginToEtcd(endpoint: string, name: string, password: string): Promise<string> {
  // Just after the server has started, users are not known yet.
  for (const deadline = Date.now() + 60_000; ; ) {
    try {
      return String((await askEtcd(endpoint, 'auth/authenticate', { name, password })).token);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(50);
    }
  }
}

function revisionOf({ header }: Record<string, unknown>): string {
  return (header as { revision: string }).revision;
}

/** As the gateway takes keys and values. */
export function base64(content: string | Buffer): string {
  return Buffer.from(content).toString('base64');
}
