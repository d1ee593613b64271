import type { IRangeResponse, IWatchResponse } from 'etcd3';
import { Client, type User } from './client.ts';
import type { Endpoint } from './endpoint.ts';
import { hello } from './hello.ts';
import type { Scope } from './scope.ts';
import type { TlsFiles } from './tls.ts';
import { jitter } from './tuning.ts';

/** What a link needs. */
export interface LinkParts {
  readonly scope: Scope;
  /** Milliseconds. */
  readonly requestTimeout: number;
  /** Milliseconds; see `Tuning.look`. */
  readonly look: number;
  /** Read for each link: the password may be another by now. */
  user(): Promise<User | undefined>;
  tls(): Promise<TlsFiles>;
  /** Something in the scope is not as it was. */
  changed(): void;
}

export interface OpenOptions {
  /** As `Date.now()` counts. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** A connection to one endpoint that reads and watches the scope. It heals nothing: once broken, another takes its place. */
export class Link {
  readonly endpoint: Endpoint;
  readonly client: Client;
  readonly #parts: LinkParts;
  readonly #broken = Promise.withResolvers<Error>();
  #closed = false;
  #looking: NodeJS.Timeout | undefined;
  /** What was there when last looked. */
  #seen = '';

  /** Resolves when the scope could be read and is watched. */
  static async open(endpoint: Endpoint, parts: LinkParts, { deadline, signal }: OpenOptions): Promise<Link> {
    const tls = endpoint.secure ? await parts.tls() : undefined;
    const user = await parts.user();
    await hello(endpoint, tls, signal);
    const link = new Link(endpoint, new Client(endpoint, tls), parts);
    const abort = () => link.close();
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (user) await link.client.login(user, deadline);
      await link.#look(deadline);
      await link.#watch();
      signal.throwIfAborted();
      link.#lookAgain();
      return link;
    } catch (error) {
      link.close();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  private constructor(endpoint: Endpoint, client: Client, parts: LinkParts) {
    this.endpoint = endpoint;
    this.client = client;
    this.#parts = parts;
  }

  /** Resolves with the reason when it is of no use any more. */
  get broken(): Promise<Error> {
    return this.#broken.promise;
  }

  /** What the scope holds, as the majority of the members knows it. @throws also when it does not come in time */
  async read(): Promise<IRangeResponse> {
    const { scope, requestTimeout } = this.#parts;
    const response = await this.client.etcd.kv.range(scope.range, { deadline: Date.now() + requestTimeout });
    this.#seen = fingerprint(response);
    return response;
  }

  /** It is of no use any more. */
  fail(reason: unknown): void {
    this.#broken.resolve(reason instanceof Error ? reason : new Error(String(reason)));
    this.close();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#looking);
    this.client.close();
  }

  /**
   * An event only says that something changed, so none is asked for that is past: what happened before the watch began is
   * read by whoever is told that there is a link. (etcd3's own watcher resumes behind events that it has not seen.)
   */
  async #watch(): Promise<void> {
    const stream = await this.client.etcd.watchClient.watch();
    const created = Promise.withResolvers<void>();
    stream.on('data', (response: IWatchResponse) => {
      if (response.canceled) this.fail(new Error(`etcd ended the watch: ${cancelReason(response)}`));
      else if (response.created) created.resolve();
      else if (!this.#closed) this.#parts.changed();
    });
    stream.on('error', (error: Error) => this.fail(error));
    stream.on('end', () => this.fail(new Error('etcd ended the watch')));
    stream.write({ create_request: this.#parts.scope.range });
    await Promise.race([created.promise, this.broken.then((error) => Promise.reject(error))]);
  }

  #lookAgain(): void {
    if (this.#closed) return;
    this.#looking = setTimeout(() => {
      const before = this.#seen;
      this.#look(Date.now() + this.#parts.requestTimeout).then(
        () => {
          if (this.#seen !== before && !this.#closed) this.#parts.changed();
          this.#lookAgain();
        },
        (error: unknown) => this.fail(error),
      );
    }, jitter(this.#parts.look));
  }

  /** Asks a majority, not this member alone: one that is cut off from the others answers, and watches nothing. */
  async #look(deadline: number): Promise<void> {
    const newest = { keys_only: true, limit: 1, sort_target: 'Mod', sort_order: 'Descend' } as const;
    this.#seen = fingerprint(await this.client.etcd.kv.range({ ...this.#parts.scope.range, ...newest }, { deadline }));
  }
}

/**
 * Tells what a scope holds from what it held before, within the life of a store: after a change some key has a higher
 * revision than any before, after a deletion there is one key less.
 */
export function fingerprint({ kvs, count }: Pick<IRangeResponse, 'kvs' | 'count'>): string {
  return `${newestRevision(kvs)}/${count}`;
}

export function newestRevision(kvs: IRangeResponse['kvs']): bigint {
  return kvs.reduce((newest, { mod_revision }) => (BigInt(mod_revision) > newest ? BigInt(mod_revision) : newest), 0n);
}

function cancelReason({ cancel_reason, compact_revision }: IWatchResponse): string {
  if (cancel_reason) return cancel_reason;
  return compact_revision === '0' ? 'no reason given' : `compacted at revision ${compact_revision}`;
}
