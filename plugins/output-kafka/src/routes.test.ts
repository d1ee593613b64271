import { BufferPool } from '@logcatch/core';
import { batchOf, Template } from '@logcatch/plugin-api';
import { MemorySources } from '@logcatch/testing';
import { describe, expect, test } from 'vitest';
import { partitionOfKey } from './partition.ts';
import { invalidTopic, routeToPartitions, routeToTopics, type Templates } from './routes.ts';

const [source] = new MemorySources({ app: 'shop' }).open([{ path: '/var/log/a.log', meta: {} }]);
const pool = new BufferPool(1 << 20);
const { signal } = new AbortController();

function batch(values: readonly string[]) {
  return batchOf(source!, values, { start: 0, buffers: pool, signal });
}

function templates(topic: string, key?: string, headers: Record<string, string> = {}): Templates {
  return {
    topic: Template.parse(topic),
    key: key === undefined ? undefined : Template.parse(key),
    headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Template.parse(text)])),
  };
}

function listed({ topics, refused }: ReturnType<typeof routeToTopics>) {
  return {
    topics: topics.map(({ to, indices }) => [to, indices && [...indices]]),
    refused: refused.map(({ index, reason }) => [index, reason.code]),
  };
}

describe('routing to topics', () => {
  test('is one whole batch where topic, key and headers are the same for all', async () => {
    const routes = routeToTopics(
      await batch(['a', 'b']),
      templates('logs-{{ app }}', '{{ name }}', { h: '{{ host }}' }),
    );
    expect(listed(routes)).toEqual({ topics: [['logs-shop', null]], refused: [] });
  });

  test('refuses records whose timestamp is none', async () => {
    const records = (await batch(['1700000000000', 'yesterday', '2026-03-01T10:00:00Z'])).withAttribute(
      'time',
      ({ text }) => text,
    );
    const routes = routeToTopics(records, { ...templates('logs'), timestamp: Template.parse('{{ time }}') });
    expect(listed(routes).refused).toEqual([[1, 'LC_RECORD_REFUSED']]);
    expect(routes.refused[0]!.target).toBe('logs');
    expect(routes.refused[0]!.reason.message).toBe('"yesterday" is no timestamp');
  });

  test('groups records by their own topic, in order', async () => {
    const records = (await batch(['x1', 'y1', 'x2', 'y2'])).withAttribute('kind', ({ text }) => text.slice(0, 1));
    expect(listed(routeToTopics(records, templates('logs-{{ kind }}')))).toEqual({
      topics: [
        ['logs-x', [0, 2]],
        ['logs-y', [1, 3]],
      ],
      refused: [],
    });
  });

  test('refuses all when the source lacks a value, and names template and attribute', async () => {
    const routes = routeToTopics(await batch(['a', 'b']), templates('logs', '{{ user }}'));
    expect(listed(routes)).toEqual({
      topics: [],
      refused: [
        [0, 'LC_RECORD_NO_VALUE'],
        [1, 'LC_RECORD_NO_VALUE'],
      ],
    });
    expect(routes.refused.map(({ target }) => target)).toEqual(['logs', 'logs']);
    expect(routes.refused[0]!.reason.message).toBe('key "{{ user }}" has no value: the record has no attribute "user"');
  });

  test('refuses single records that lack a value or have no valid topic', async () => {
    const records = (await batch(['ok', 'none', 'bad/topic', 'ok'])).withAttribute('kind', ({ text }) =>
      text === 'none' ? undefined : text,
    );
    expect(listed(routeToTopics(records, templates('{{ kind }}')))).toEqual({
      topics: [['ok', [0, 3]]],
      refused: [
        [1, 'LC_RECORD_NO_VALUE'],
        [2, 'LC_RECORD_REFUSED'],
      ],
    });
    expect(listed(routeToTopics(await batch(['a']), templates('..'))).refused).toEqual([[0, 'LC_RECORD_REFUSED']]);
  });
});

test('routing to partitions goes by each record’s key, and keeps the indices of the batch', async () => {
  const records = (await batch(['a', 'b', 'c', 'd', 'e'])).withAttribute('user', ({ text }) => text);
  const key = Template.parse('{{ user }}');
  const some = Uint32Array.of(1, 3, 4);
  const routes = routeToPartitions(records, some, key, 3);
  const seen = routes.flatMap(({ to, indices }) => [...(indices ?? some)].map((index) => [index, to] as const));
  expect(seen.toSorted((a, b) => a[0] - b[0])).toEqual([
    [1, partitionOfKey('b', 3)],
    [3, partitionOfKey('d', 3)],
    [4, partitionOfKey('e', 3)],
  ]);
  expect(routeToPartitions(records, null, Template.parse('{{ app }}'), 3)).toEqual([
    { to: partitionOfKey('shop', 3), indices: null },
  ]);
});

test('topic names are those that Kafka takes', () => {
  for (const name of ['a', 'A.b_c-9', 'x'.repeat(249)]) expect(invalidTopic(name)).toBeUndefined();
  for (const name of ['', '.', '..', 'a b', 'ä', 'a/b', 'a\n', 'x'.repeat(250)])
    expect(invalidTopic(name)).toBeDefined();
});
