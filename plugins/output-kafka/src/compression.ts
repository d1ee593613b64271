import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { LogcatchError, messageOf } from '@logcatch/plugin-api';

export const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof compressions)[number];

/** What compresses the records of a record batch. */
export interface Codec {
  /** By which a record batch names it: its place in the list above. */
  readonly number: number;
  /** Off the main thread. `undefined`: they stay as they are. */
  readonly compress: ((records: Uint8Array) => Promise<Uint8Array>) | undefined;
}

export const uncompressed: Codec = { number: 0, compress: undefined };

/** Loads what is needed for it, and nothing for the others. @throws LC_OUTPUT_FAILED where this platform has no binary of it */
export async function codecOf(compression: Compression): Promise<Codec> {
  try {
    return { number: compressions.indexOf(compression), compress: await compressors[compression]() };
  } catch (error) {
    throw new LogcatchError('LC_OUTPUT_FAILED', `compression: ${compression} cannot be used: ${messageOf(error)}`, {
      hint: 'gzip and zstd are part of Node and work everywhere.',
      cause: error,
    });
  }
}

const compressors: Record<Compression, () => Promise<Codec['compress']>> = {
  none: async () => undefined,
  gzip: async () => promisify(gzip),
  snappy: async () => (await import('snappy')).compress,
  lz4: async () => (await import('lz4-napi')).compressFrame,
  zstd: async () => promisify(zstdCompress),
};
