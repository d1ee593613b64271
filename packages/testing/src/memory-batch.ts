import { BufferPool } from '@logcatch/core';
import { type Attributes, type Batch, batchOf } from '@logcatch/plugin-api';
import { MemorySources } from './fakes.ts';

/** A batch of one source, the n-th record at position n: give it to a transform. */
export function memoryBatch(values: readonly (string | Uint8Array)[], attributes: Attributes = {}): Promise<Batch> {
  const [source] = new MemorySources(attributes).open([{ path: '/var/log/test.log', meta: {} }]);
  const buffers = new BufferPool(1 << 24, true);
  return batchOf(source!, values, { start: 0, buffers, signal: new AbortController().signal });
}
