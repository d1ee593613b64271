/** The fields of a request as Kafka's protocol has them, in order. */
export class FieldWriter {
  readonly #parts: Buffer[] = [];

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  int8(value: number): this {
    return this.#add(1, (part) => part.writeInt8(value));
  }

  int16(value: number): this {
    return this.#add(2, (part) => part.writeInt16BE(value));
  }

  int32(value: number): this {
    return this.#add(4, (part) => part.writeInt32BE(value));
  }

  int64(value: bigint): this {
    return this.#add(8, (part) => part.writeBigInt64BE(value));
  }

  string(value: string): this {
    const bytes = Buffer.from(value);
    this.int16(bytes.length).#parts.push(bytes);
    return this;
  }

  /** As newer versions of requests have strings: their length and one as a varint without zigzag. */
  compactString(value: string): this {
    const bytes = Buffer.from(value);
    let rest = bytes.length + 1;
    for (; rest > 127; rest >>>= 7) this.#parts.push(Buffer.from([(rest & 127) | 128]));
    this.#parts.push(Buffer.from([rest]), bytes);
    return this;
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(item);
    return this;
  }

  #add(size: number, write: (part: Buffer) => void): this {
    const part = Buffer.alloc(size);
    write(part);
    this.#parts.push(part);
    return this;
  }
}

/** The fields of an answer, in order. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8(): number {
    return this.#bytes.readInt8(this.#move(1));
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#move(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#move(4));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#move(8));
  }

  /** Empty where there is none. */
  string(): string {
    const length = Math.max(0, this.int16());
    return this.#bytes.toString('utf8', this.#move(length), this.#at);
  }

  /** Not a copy. */
  bytes(): Buffer {
    const length = Math.max(0, this.int32());
    return this.#bytes.subarray(this.#move(length), this.#at);
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read);
  }

  #move(by: number): number {
    this.#at += by;
    return this.#at - by;
  }
}
