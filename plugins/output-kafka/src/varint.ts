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

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}
