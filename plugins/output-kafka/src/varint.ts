/** Zigzag varints, as Kafka's records have them: how many bytes one takes, and writing it. */

export function varintSize(value: number): number {
  let rest = zigzag(value) >>> 7;
  let size = 1;
  while (rest !== 0) {
    rest >>>= 7;
    size++;
  }
  return size;
}

/** @returns the position after it */
export function writeVarint(bytes: Buffer, position: number, value: number): number {
  let rest = zigzag(value);
  let at = position;
  while (rest > 127) {
    bytes[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** As a varint, for integers of up to 2^52, which do not fit into 32 bits. */
export function varlongSize(value: number): number {
  let rest = zigzagLong(value);
  let size = 1;
  while (rest > 127) {
    rest = Math.floor(rest / 128);
    size++;
  }
  return size;
}

/** @returns the position after it */
export function writeVarlong(bytes: Buffer, position: number, value: number): number {
  let rest = zigzagLong(value);
  let at = position;
  while (rest > 127) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

function zigzagLong(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/** @returns the value, right where it has up to 32 bits, and the position after it */
export function readVarint(bytes: Buffer, position: number): [value: number, end: number] {
  let at = position;
  let value = 0;
  let byte: number;
  for (let shift = 0; ; shift += 7) {
    byte = bytes[at++]!;
    if (shift < 32) value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return [(value >>> 1) ^ -(value & 1), at];
}
