import { type Batch, LogcatchError, Missing, type Refused, type Template } from '@logcatch/plugin-api';
import { partitionOfKey } from './partition.ts';
import { parseTime } from './record-values.ts';

export interface Templates {
  readonly topic: Template;
  readonly key?: Template | undefined;
  readonly headers: Readonly<Record<string, Template>>;
  readonly timestamp?: Template | undefined;
}

/** Records of a batch that go to one place. */
export interface Route<Place> {
  readonly to: Place;
  /** Indices in the batch; `null`: all of its records. */
  readonly indices: Uint32Array | null;
}

export interface Routes {
  readonly topics: readonly Route<string>[];
  readonly refused: readonly Refused[];
}

/** Which topic each record goes to, and which have none or lack another value. No work per record where nothing varies. */
export function routeToTopics(batch: Batch, templates: Templates): Routes {
  const { topic } = templates;
  const varying: [string, Template][] = [];
  for (const [option, template] of optionsOf(templates)) {
    if (!template.constant(batch)) varying.push([option, template]);
    else {
      const value = template.valueOf(batch);
      const wrong = wrongValue(option, template, value);
      if (wrong) return refuseAll(batch, topic, wrong);
    }
  }
  if (varying.length > 0) return routeEach(batch, topic, varying);
  const name = topic.valueOf(batch) as string;
  const invalid = invalidTopic(name);
  return invalid ? refuseAll(batch, topic, invalid) : { topics: [{ to: name, indices: null }], refused: [] };
}

function routeEach(batch: Batch, topic: Template, varying: readonly [string, Template][]): Routes {
  const refused: Refused[] = [];
  const reasons = new Map<string, LogcatchError>();
  const refuse = (index: number, wrong: LogcatchError) => {
    const reason = reasons.get(wrong.message) ?? wrong;
    reasons.set(wrong.message, reason);
    refused.push(refusal(batch, topic, index, reason));
  };
  const groups = group(batch.count, (index) => {
    for (const [option, template] of varying) {
      const value = template.value(batch, index);
      const wrong = wrongValue(option, template, value);
      if (!wrong) continue;
      refuse(index, wrong);
      return undefined;
    }
    return topic.value(batch, index) as string;
  });
  const topics = groups.filter(({ to, indices }) => {
    const invalid = invalidTopic(to);
    if (invalid)
      for (let i = 0; i < (indices?.length ?? batch.count); i++)
        refused.push({ index: indices?.[i] ?? i, reason: invalid });
    return !invalid;
  });
  return { topics, refused };
}

/** Which partition each of these records goes to by its key. */
export function routeToPartitions(
  batch: Batch,
  indices: Uint32Array | null,
  key: Template,
  partitions: number,
): Route<number>[] {
  if (key.constant(batch)) return [{ to: partitionOfKey(key.valueOf(batch) as string, partitions), indices }];
  const routes = group(indices?.length ?? batch.count, (i) =>
    partitionOfKey(key.value(batch, indices?.[i] ?? i) as string, partitions),
  );
  if (!indices) return routes;
  return routes.map(({ to, indices: own }) => ({ to, indices: own ? own.map((i) => indices[i]!) : indices }));
}

/** Indices 0 to `count` by place, in order; those without a place are left out. */
function group<Place>(count: number, placeOf: (index: number) => Place | undefined): Route<Place>[] {
  const groups = new Map<Place, number[]>();
  for (let index = 0; index < count; index++) {
    const place = placeOf(index);
    if (place === undefined) continue;
    const members = groups.get(place);
    if (members) members.push(index);
    else groups.set(place, [index]);
  }
  return [...groups].map(([to, members]) => ({
    to,
    indices: members.length === count ? null : Uint32Array.from(members),
  }));
}

function optionsOf({ topic, key, headers, timestamp }: Templates): [string, Template][] {
  const options: [string, Template][] = [['topic', topic]];
  if (key) options.push(['key', key]);
  if (timestamp) options.push(['timestamp', timestamp]);
  for (const [name, template] of Object.entries(headers)) options.push([`headers.${name}`, template]);
  return options;
}

function refuseAll(batch: Batch, topic: Template, reason: LogcatchError): Routes {
  return {
    topics: [],
    refused: Array.from({ length: batch.count }, (_, index) => refusal(batch, topic, index, reason)),
  };
}

/** With the topic, where the record has one that can be. */
function refusal(batch: Batch, topic: Template, index: number, reason: LogcatchError): Refused {
  const target = topic.value(batch, index);
  const named = !(target instanceof Missing) && !invalidTopic(target);
  return { index, reason, ...(named && { target }) };
}

/** Why a record cannot be written with this value of an option. */
function wrongValue(option: string, template: Template, value: string | Missing): LogcatchError | undefined {
  if (value instanceof Missing) return noValue(option, template, value);
  if (option !== 'timestamp' || parseTime(value) !== undefined) return undefined;
  return new LogcatchError('LC_RECORD_REFUSED', `${JSON.stringify(value.slice(0, 60))} is no timestamp`, {
    hint: 'A timestamp is a number of milliseconds since the epoch, or a date such as 2026-03-01T12:00:00Z.',
  });
}

function noValue(option: string, template: Template, { attribute }: Missing): LogcatchError {
  return new LogcatchError(
    'LC_RECORD_NO_VALUE',
    `${option} "${template.text}" has no value: the record has no attribute "${attribute}"`,
  );
}

/** Why Kafka does not take this name for a topic. */
export function invalidTopic(name: string): LogcatchError | undefined {
  if (/^[\w.-]{1,249}$/.test(name) && name !== '.' && name !== '..') return undefined;
  const shown = name.length > 60 ? `${name.slice(0, 60)}...` : name;
  return new LogcatchError('LC_RECORD_REFUSED', `${JSON.stringify(shown)} is no valid name of a topic`, {
    hint: 'Topic names have 1 to 249 letters, digits, dots, underscores and hyphens.',
  });
}
