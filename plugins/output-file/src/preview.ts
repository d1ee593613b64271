import { resolve } from 'node:path';
import { jsonOf, type LogRecord, type Preview } from '@logcatch/plugin-api';
import type { Options } from './options.ts';
import { Paths } from './paths.ts';

/** The line of a record, and the path as the template gives it. @throws LogcatchError where the record would be refused */
export function preview({ path, value }: Options, { batch, index }: LogRecord): Preview {
  const one = batch.select(Uint32Array.of(index));
  const { refused } = new Paths(path, (folder) => resolve('/', folder)).route(one);
  for (const { reason } of refused) throw reason;
  return { path: String(path.value(one, 0)), value: value === 'json' ? jsonOf(one)(0) : one.text(0) };
}
