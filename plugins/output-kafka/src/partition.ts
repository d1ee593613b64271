import type { Source } from '@logcatch/plugin-api';
import type { Options } from './options.ts';

/** How records find their partition. */
export type Placement = 'key' | 'source' | 'sticky' | 'random';

export function placementOf({ partitioner, key }: Pick<Options, 'partitioner' | 'key'>): Placement {
  if (partitioner !== 'auto') return partitioner;
  return key ? 'key' : 'source';
}

/** The partition where Java's clients, and those that do as they do, put this key. */
export function partitionOfKey(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** The hash by which a source keeps its partition, across rotation and restarts. */
export function hashOfSource(source: Source, host: string): number {
  return murmur2(Buffer.from(`${host}\0${source.path}`)) & 0x7fffffff;
}

/** The murmur2 of Kafka's Java client: seed 0x9747b28c, result as a signed 32-bit integer. */
export function murmur2(data: Buffer): number {
  const m = 0x5bd1e995;
  const whole = data.length & ~3;
  let h = 0x9747b28c ^ data.length;
  for (let i = 0; i < whole; i += 4) {
    let k = Math.imul(data.readInt32LE(i), m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  const rest = data.length - whole;
  if (rest > 2) h ^= data[whole + 2]! << 16;
  if (rest > 1) h ^= data[whole + 1]! << 8;
  if (rest > 0) h = Math.imul(h ^ data[whole]!, m);
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}
