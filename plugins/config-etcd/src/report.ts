import { randomUUID } from 'node:crypto';
import { type Logger, z } from '@logcatch/plugin-api';
import { type Etcd3, type IKeyValue, type Lease, Range } from 'etcd3';
import { reasonOf } from './failure.ts';

export interface ReporterParts {
  /** The status stands at `<prefix>/<agent_id>`. */
  readonly prefix: string;
  /** Milliseconds after which it is gone when nobody keeps it. */
  readonly ttl: number;
  /** Milliseconds. */
  readonly requestTimeout: number;
  readonly log: Logger;
  /** The client at this moment. */
  etcd(): Etcd3 | undefined;
  /** Another live agent has this id; `null` when it has not any more. */
  twin(reason: string | null, hint?: string): void;
}

const status = z.looseObject({ agent_id: z.string().min(1) });
const written = z.looseObject({ instance: z.string(), host: z.string().optional() });

interface Entry {
  readonly key: string;
  readonly text: string;
}

/** Milliseconds between two writes. */
const busy = 1_000;

/**
 * Writes the status of an agent under a lease, so that it is gone when the agent is. Adds `instance`, which tells this process
 * from another one with the same id. Failures are tried again; they hold up nothing.
 */
export class Reporter {
  readonly instance = randomUUID();
  readonly #parts: ReporterParts;
  /** What is to stand there; `undefined` when it does. */
  #pending: Entry | undefined;
  #latest: Entry | undefined;
  #lease: { readonly etcd: Etcd3; readonly lease: Lease; readonly id: string } | undefined;
  /** Another one at our key, since when. */
  #other: { readonly instance: string; readonly since: number; said: boolean } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #ranAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  /** @param text JSON of an object with `agent_id`. @throws where it is not */
  report(text: string): void {
    const value = status.parse(JSON.parse(text));
    const key = folderOf(this.#parts.prefix) + value.agent_id;
    this.#latest = { key, text: JSON.stringify({ ...value, instance: this.instance }) };
    this.#pending = this.#latest;
    this.#runIn(Math.max(0, this.#ranAt + busy - performance.now()));
  }

  /** Removes the status, if etcd can be reached. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    const held = this.#lease;
    this.#lease = undefined;
    if (held && held.etcd === this.#parts.etcd()) await held.lease.revoke(this.#limit()).catch(() => {});
  }

  #runIn(delay: number): void {
    if (this.#stopped || this.#running) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        this.#ranAt = performance.now();
        this.#runIn(this.#pending && !this.#other ? busy : this.#parts.ttl / 3);
      });
    }, delay);
  }

  async #run(): Promise<void> {
    const etcd = this.#parts.etcd();
    try {
      if (etcd) await this.#keep(etcd);
    } catch (error) {
      this.#parts.log.debug(`cannot report: ${reasonOf(error)}`);
      this.#lost();
    }
  }

  async #keep(etcd: Etcd3): Promise<void> {
    if (this.#lease?.etcd !== etcd) this.#lost();
    else await this.#lease.lease.keepaliveOnce(this.#limit());
    // Also what is written already: somebody may have deleted it.
    const entry = this.#pending ?? this.#latest;
    if (!entry) return;
    this.#lease ??= await this.#grant(etcd);
    await this.#write(etcd, entry, this.#lease.id);
  }

  /** What stood under the lease goes with it. */
  #lost(): void {
    this.#lease = undefined;
    this.#pending = this.#latest;
  }

  async #grant(etcd: Etcd3) {
    // Kept alive by us: etcd3's own timers go on after its client is closed.
    const lease = etcd.lease(Math.ceil(this.#parts.ttl / 1_000), { autoKeepAlive: false, ...this.#limit() });
    return { etcd, lease, id: await lease.grant() };
  }

  async #write(etcd: Etcd3, { key, text }: Entry, lease: string): Promise<void> {
    const { kvs } = await etcd.get(key).options(this.#limit()).exec();
    const found = kvs[0];
    if (this.#isTwin(key, found)) return;
    if (found?.lease === lease && found.value.toString() === text) {
      if (this.#pending?.text === text) this.#pending = undefined;
      return;
    }
    // Not by `lease.put`: it drops the deadline.
    const { succeeded } = await etcd
      .if(key, 'Mod', '==', found?.mod_revision ?? 0)
      .then(etcd.put(key).value(text).lease(lease))
      .options(this.#limit())
      .commit();
    if (succeeded && this.#pending?.text === text) this.#pending = undefined;
  }

  /** Whether the key is another's. One that has just crashed leaves its lease behind for `ttl`; one that lives is still there then. */
  #isTwin(key: string, found: IKeyValue | undefined): boolean {
    const { twin, ttl } = this.#parts;
    const by = found && found.lease !== '0' ? readWritten(found.value) : undefined;
    if (!by || by.instance === this.instance) {
      if (this.#other?.said) twin(null);
      this.#other = undefined;
      return false;
    }
    if (this.#other?.instance !== by.instance) {
      this.#other = { instance: by.instance, since: performance.now(), said: this.#other?.said ?? false };
    } else if (!this.#other.said && performance.now() - this.#other.since > ttl * 1.5) {
      this.#other.said = true;
      const where = by.host === undefined ? '' : ` on ${by.host}`;
      twin(`another agent${where} reports as ${key}`, 'Give each agent an agent_id or a data_dir of its own.');
    }
    return true;
  }

  #limit(): { deadline: number } {
    return { deadline: Date.now() + this.#parts.requestTimeout };
  }
}

/**
 * What all agents have written, by agent id.
 * @param deadline as `Date.now()` counts
 */
export async function readReports(etcd: Etcd3, prefix: string, deadline: number): Promise<Record<string, string>> {
  const folder = folderOf(prefix);
  const { start, end } = Range.prefix(folder);
  const { kvs } = await etcd.kv.range({ key: start, range_end: end }, { deadline });
  const { length } = Buffer.from(folder);
  return Object.fromEntries(kvs.map(({ key, value }) => [key.subarray(length).toString(), value.toString()]));
}

function folderOf(prefix: string): string {
  return `${prefix.replace(/\/+$/, '')}/`;
}

function readWritten(value: Buffer): z.output<typeof written> | undefined {
  try {
    return written.safeParse(JSON.parse(value.toString())).data;
  } catch {
    return undefined;
  }
}
