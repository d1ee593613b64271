import { jsonOf, type LogRecord, type Preview } from '@logcatch/plugin-api';
import type { Options } from './options.ts';
import { keysOf, timesOf } from './record-values.ts';
import { routeToTopics } from './routes.ts';

/** What Kafka would get of a record. @throws LogcatchError where it would be refused before it is sent */
export function preview(options: Options, record: LogRecord): Preview {
  const batch = record.batch.select(Uint32Array.of(record.index));
  const { topics, refused } = routeToTopics(batch, options);
  for (const { reason } of refused) throw reason;
  const time = timesOf(options.timestamp, batch)?.(0);
  const headers = Object.entries(options.headers).map(([name, template]) => [name, template.value(batch, 0)]);
  return {
    topic: topics[0]!.to,
    key: keysOf(options.key, batch)(0)?.toString(),
    headers: Object.fromEntries(headers),
    timestamp: time === undefined ? undefined : new Date(time).toISOString(),
    value: options.value === 'json' ? jsonOf(batch)(0) : batch.text(0),
  };
}
