import { connect, type Socket } from 'node:net';

/**
 * The few bytes of Kafka's protocol that tests need. Written apart from logcatch's own encoder and from kafkajs on
 * purpose: what checks the product must not share its mistakes.
 */

/** A request that failed. `retriable`: asking again, after asking for the leaders again, can help. */
export class WireError extends Error {
  override name = 'WireError';
  readonly retriable: boolean;
  readonly code: number | undefined;

  constructor(message: string, options: { retriable: boolean; code?: number; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retriable = options.retriable;
    this.code = options.code;
  }
}

export const UNKNOWN_TOPIC = 3;
const names: Record<number, string> = {
  1: 'OFFSET_OUT_OF_RANGE: was the topic deleted and made anew while it was read?',
  3: 'it does not exist (UNKNOWN_TOPIC_OR_PARTITION)',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  9: 'REPLICA_NOT_AVAILABLE',
  17: 'INVALID_TOPIC',
  36: 'TOPIC_ALREADY_EXISTS',
  38: 'INVALID_REPLICATION_FACTOR',
  41: 'NOT_CONTROLLER',
  56: 'KAFKA_STORAGE_ERROR',
  74: 'FENCED_LEADER_EPOCH',
  78: 'OFFSET_NOT_AVAILABLE',
};
const retriable = new Set([3, 5, 6, 7, 9, 41, 56, 74, 78]);

/** Throws when a broker answered with an error code. */
export function check(code: number, what: string, message?: string | null): void {
  if (code === 0) return;
  const name = names[code] ?? `error ${code}`;
  throw new WireError(`${what}: ${name}${message ? ` (${message})` : ''}`, { retriable: retriable.has(code), code });
}

/** Writes the fields of a request, in order. */
export class Fields {
  readonly #parts: Buffer[] = [];

  bytes(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }
  int8(value: number): this {
    return this.bytes(Buffer.from([value & 0xff]));
  }
  int16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeInt16BE(value);
    return this.bytes(part);
  }
  int32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    return this.bytes(part);
  }
  int64(value: number): this {
    const part = Buffer.alloc(8);
    part.writeBigInt64BE(BigInt(value));
    return this.bytes(part);
  }
  string(value: string): this {
    const part = Buffer.from(value);
    return this.int16(part.length).bytes(part);
  }
  array<T>(items: T[], write: (fields: this, item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(this, item);
    return this;
  }
  build(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Reads the fields of a response, in order. */
export class Answer {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }
  int8(): number {
    return this.#buffer.readInt8(this.#move(1));
  }
  int16(): number {
    return this.#buffer.readInt16BE(this.#move(2));
  }
  int32(): number {
    return this.#buffer.readInt32BE(this.#move(4));
  }
  int64(): number {
    return Number(this.#buffer.readBigInt64BE(this.#move(8)));
  }
  string(): string | null {
    const length = this.int16();
    return length < 0 ? null : this.#buffer.toString('utf8', this.#move(length), this.#at);
  }
  /** Not a copy: a view of the response. */
  bytes(): Buffer {
    const length = Math.max(0, this.int32());
    return this.#buffer.subarray(this.#move(length), this.#at);
  }
  array<T>(read: () => T): T[] {
    const items: T[] = [];
    for (let left = this.int32(); left > 0; left--) items.push(read());
    return items;
  }
  #move(by: number): number {
    this.#at += by;
    return this.#at - by;
  }
}

/** A plain-text connection to one broker; answers come in the order of the requests. */
export class Connection {
  readonly address: string;
  readonly #socket: Socket;
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  #chunks: Buffer[] = [];
  #size = 0;
  #problem: WireError | undefined;

  constructor(address: string, timeoutMs = 5000) {
    this.address = address;
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
    this.#socket = connect({ host, port: Number(address.slice(colon + 1)), noDelay: true });
    this.#socket.setTimeout(timeoutMs, () => this.#fail(`no answer for ${timeoutMs} ms`));
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
  }

  get closed(): boolean {
    return this.#problem !== undefined;
  }

  request(key: number, version: number, body: Fields): Promise<Answer> {
    if (this.#problem) return Promise.reject(this.#problem);
    const head = new Fields().int16(key).int16(version).int32(0).string('logcatch-test');
    const payload = Buffer.concat([head.build(), body.build()]);
    this.#socket.write(new Fields().int32(payload.length).bytes(payload).build());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): void {
    this.#fail('closed by us');
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= 4) {
      if ((this.#chunks[0] as Buffer).length < 4) this.#chunks = [Buffer.concat(this.#chunks)];
      const length = 4 + (this.#chunks[0] as Buffer).readInt32BE(0);
      if (this.#size < length) return;
      const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
      this.#chunks = all.length > length ? [all.subarray(length)] : [];
      this.#size -= length;
      this.#waiting.shift()?.resolve(new Answer(all.subarray(8, length))); // 4 length, 4 correlation id
    }
  }

  #fail(why: string): void {
    this.#problem ??= new WireError(`${this.address}: ${why}`, { retriable: true });
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#problem);
  }
}
