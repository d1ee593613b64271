import { Etcd3, type IOptions, type KVClient } from 'etcd3';
import type { Endpoint } from './endpoint.ts';
import type { TlsFiles } from './tls.ts';

type CallOptions = NonNullable<Parameters<KVClient['range']>[1]>;
type Interceptor = NonNullable<CallOptions['interceptors']>[number];
type Call = ReturnType<Interceptor>;
type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

export interface User {
  readonly username: string;
  readonly password: string;
}

/** A prefix of 10,000 entries, or a value as large as etcd takes, is well below. gRPC's default is 4 MiB. */
const largestAnswer = 64 << 20;
const notEnabled = 'authentication is not enabled';
const cancelled = 1;

let count = 0;

/**
 * An Etcd3 for one endpoint that tries everything once and can be closed at any moment. What to do next (another endpoint,
 * another attempt, after which pause) is decided elsewhere, in one place.
 */
export class Client {
  readonly etcd: Etcd3;
  #token: string | undefined;
  readonly #calls = new Set<Call>();
  #closed = false;

  constructor(endpoint: Endpoint, tls: TlsFiles | undefined) {
    this.etcd = new Etcd3({
      hosts: endpoint.url,
      ...(tls && {
        credentials: {
          rootCertificate: tls.ca,
          ...(tls.cert && tls.key && { certChain: tls.cert, privateKey: tls.key }),
        },
      }),
      grpcOptions: {
        'grpc.keepalive_time_ms': 10_000,
        'grpc.keepalive_timeout_ms': 5_000,
        'grpc.keepalive_permit_without_calls': 1,
        'grpc.max_receive_message_length': largestAnswer,
        'grpc.enable_http_proxy': 0,
        'grpc.enable_channelz': 0,
        // Clients with equal options share connections, and a new one would get the broken one of the old.
        'grpc.primary_user_agent': `logcatch/${++count}`,
      },
      faultHandling: { global: once, host: () => once },
      defaultCallOptions: () => ({ interceptors: [this.#intercept] }),
    });
  }

  /**
   * Gets a token for all later calls. Nothing to do where etcd knows no users: they may be set up later.
   *
   * Not by `IOptions.auth`: etcd3 opens a connection for each token, never closes it and shares a broken one.
   */
  async login({ username, password }: User, deadline: number): Promise<void> {
    try {
      const { token } = await this.etcd.auth.authenticate({ name: username, password }, { deadline });
      this.#token = token;
    } catch (error) {
      if (!(error instanceof Error && error.message.includes(notEnabled))) throw error;
    }
  }

  /** Ends all calls and frees everything. Legal twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const call of this.#calls) call.cancelWithStatus(cancelled, 'closed');
    this.etcd.close();
  }

  readonly #intercept: Interceptor = (options, next) => {
    const call = next(options) as Call;
    const start = call.start.bind(call);
    call.start = (metadata, listener = {}) => {
      if (this.#token !== undefined) metadata.set('token', this.#token);
      this.#calls.add(call);
      start(metadata, {
        ...listener,
        onReceiveStatus: (status) => {
          this.#calls.delete(call);
          // At "invalid auth token" etcd3 asks again, without a pause, until the deadline.
          const details = status.details.replace('invalid auth token', 'the token is no longer valid');
          listener.onReceiveStatus?.({ ...status, details });
        },
      });
      if (this.#closed) call.cancelWithStatus(cancelled, 'closed');
    };
    return call;
  };
}

/** No retry and no circuit breaker. */
const once = {
  onSuccess: () => ({ dispose() {} }),
  onFailure: () => ({ dispose() {} }),
  execute: async (call, signal = new AbortController().signal) => call({ signal }),
} satisfies Omit<Policy, '_altReturn'> as unknown as Policy;
