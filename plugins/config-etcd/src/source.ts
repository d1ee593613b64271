import { abortable, type ConfigSource, type ConfigSourceContext, type LoadedConfig } from '@logcatch/plugin-api';
import { contentOf } from './content.ts';
import { unreachable } from './failure.ts';
import { Link } from './link.ts';
import { endpointsOf, type Options } from './options.ts';
import { Reporter, readReports } from './report.ts';
import { scopeOf } from './scope.ts';
import { Session } from './session.ts';
import { readTls } from './tls.ts';
import { jitter, tuning as standard } from './tuning.ts';

/** Configuration in etcd. It is read as a whole each time; everything else only tells when. */
export class EtcdSource implements ConfigSource {
  /** With `report:` only. */
  readonly reports?: NonNullable<ConfigSource['reports']>;
  readonly #options: Options;
  readonly #context: ConfigSourceContext;
  readonly #tuning;
  readonly #scope;
  readonly #session: Session<Link>;
  readonly #reporter: Reporter | undefined;
  #refreshing: NodeJS.Timeout | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: Options, context: ConfigSourceContext, tuning = standard) {
    const { connect_timeout, request_timeout, username, password, tls, report } = options;
    this.#options = options;
    this.#context = context;
    this.#tuning = tuning;
    const scope = scopeOf(options);
    this.#scope = scope;
    const changed = () => this.#changed();
    const parts = {
      scope,
      requestTimeout: request_timeout,
      look: tuning.look,
      user: async () =>
        username === undefined || password === undefined
          ? undefined
          : { username, password: await context.secret(password) },
      tls: () => readTls(tls, (path) => context.resolve(path)),
      changed,
    };
    this.#session = new Session({
      endpoints: endpointsOf(options),
      connectTimeout: connect_timeout,
      tuning,
      log: context.log,
      open: (endpoint, limits) => Link.open(endpoint, parts, limits),
      changed,
      explain: (losses) => unreachable(losses, { username, scope }),
    });
    this.#reporter =
      report &&
      new Reporter({
        ...report,
        requestTimeout: request_timeout,
        log: context.log,
        etcd: () => this.#session.current?.client.etcd,
        twin: (reason, hint) => context.degraded(reason, hint),
      });
    if (report) this.reports = (signal) => this.#readReports(report.prefix, signal);
  }

  /** Connects in the background: whether etcd can be reached is what `load` tells. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#stopped) throw new Error('the source was stopped');
    this.#session.start();
    this.#refresh();
  }

  async load(signal: AbortSignal): Promise<LoadedConfig> {
    for (let attempt = 1; ; attempt++) {
      const link = await this.#session.connection(signal);
      const response = await abortable(link.read(), signal).catch((error: unknown) => {
        signal.throwIfAborted();
        this.#session.drop(link, error);
        // The endpoint may have gone since it was last looked at: the next one knows.
        if (attempt < 2) return undefined;
        throw unreachable([{ entrant: link.endpoint, error }], {
          username: this.#options.username,
          scope: this.#scope,
        });
      });
      if (response)
        return contentOf(response, { scope: this.#scope, format: this.#options.format, url: link.endpoint.url });
    }
  }

  /**
   * Keeps a status in etcd while the agent lives.
   *
   * @param status JSON of an object with `agent_id`
   */
  report(status: string): void {
    if (!this.#stopped) this.#reporter?.report(status);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #readReports(prefix: string, signal: AbortSignal): Promise<Record<string, string>> {
    const link = await this.#session.connection(signal);
    const deadline = Date.now() + this.#options.request_timeout;
    return abortable(readReports(link.client.etcd, prefix, deadline), signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw unreachable([{ entrant: link.endpoint, error }], { username: this.#options.username, scope: this.#scope });
    });
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#refreshing);
    await this.#reporter?.stop();
    await this.#session.stop();
  }

  #changed(): void {
    if (!this.#stopped) this.#context.changed();
  }

  #refresh(): void {
    this.#refreshing = setTimeout(() => {
      this.#changed();
      this.#refresh();
    }, jitter(this.#tuning.refresh));
  }
}
