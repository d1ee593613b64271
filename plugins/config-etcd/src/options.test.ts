import { describe, expect, test } from 'vitest';
import plugin from './index.ts';
import { options } from './options.ts';

const messages = (given: unknown) => options.safeParse(given).error?.issues.map(({ message }) => message);

test('defaults', () => {
  expect(options.parse({ endpoints: 'a, b:1', key: '/k', report: { prefix: '/agents' } })).toEqual({
    endpoints: ['a', 'b:1'],
    key: '/k',
    format: 'json',
    connect_timeout: 5_000,
    request_timeout: 1_000,
    report: { prefix: '/agents', ttl: 10_000 },
  });
});

describe('what does not go together', () => {
  const endpoints = 'etcd:2379';
  test.each([
    [{ endpoints }, 'give either key or prefix'],
    [{ endpoints, key: '/k', prefix: '/p' }, 'give either key or prefix'],
    [{ endpoints, key: '/k', username: 'u' }, 'username and password go together'],
    [{ endpoints, key: '/k', password: 'p' }, 'username and password go together'],
    [{ endpoints, key: '/k', tls: { cert: 'c.pem' } }, 'cert and key go together'],
    [{ endpoints: 'a/b', key: '/k' }, '"a/b" is no endpoint: write host:2379 or https://host:2379'],
    [{ endpoints: 'http://a', key: '/k', tls: true }, 'http://a:2379 is without TLS, but tls is set: write https://'],
    [{ endpoints: 'https://a', key: '/k', tls: false }, 'https://a:2379 is with TLS, but tls is false'],
    [
      { endpoints, prefix: '/x/', report: { prefix: '/x/y' } },
      'it is under prefix: the status would become configuration',
    ],
  ])('%j', (given, message) => expect(messages(given)).toContain(message));
});

test('the summary has no secrets', () => {
  const { definition } = plugin;
  const given = options.parse({ endpoints: 'a,b', prefix: '/apps/', username: 'u', password: 'geheim' });
  expect(definition.summarize?.(given)).toBe('etcd prefix /apps/ at http://a:2379, http://b:2379');
  expect(definition.remote).toBe(true);
});
