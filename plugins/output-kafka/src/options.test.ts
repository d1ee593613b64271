import { expect, test } from 'vitest';
import { formatAddress, parseAddress } from './address.ts';
import { options } from './options.ts';

test('addresses are HOST, HOST:PORT or [IPV6]:PORT', () => {
  expect(parseAddress('kafka')).toEqual({ host: 'kafka', port: 9092 });
  expect(parseAddress('10.0.0.1:9093')).toEqual({ host: '10.0.0.1', port: 9093 });
  expect(parseAddress('[::1]:1')).toEqual({ host: '::1', port: 1 });
  for (const bad of ['', ':9092', 'a:b', 'a:0', 'a:99999', '::1', 'PLAINTEXT://a:1'])
    expect(parseAddress(bad)).toBeUndefined();
  expect(formatAddress({ host: '::1', port: 1 })).toBe('[::1]:1');
});

test('options have defaults, take lists as text, and refuse what brokers would', () => {
  const parsed = options.parse({ brokers: 'a:1, b', topic: 'logs' });
  expect(parsed).toMatchObject({
    brokers: ['a:1', 'b'],
    linger: 5,
    batch_bytes: 524_288,
    acks: 'all',
    request_timeout: 30_000,
  });
  for (const bad of [
    { brokers: 'a:b', topic: 'logs' },
    { brokers: 'a', topic: '{{' },
    { brokers: 'a', topic: 'logs', batch_bytes: '2MB' },
    { brokers: 'a', topic: 'logs', broker: 'a' },
    { brokers: 'a', topic: 'logs', create_topics: true },
    { brokers: 'a', topic: 'logs', in_flight: 6 },
    { brokers: 'a', topic: 'logs', delivery: 'exactly-once', acks: 'leader' },
    { brokers: 'a', topic: 'logs', transactions: { timeout: '1h' } },
    { brokers: 'a', topic: 'logs', sasl: { mechanism: 'plain', username: 'me' } },
    { brokers: 'a', topic: 'logs', sasl: { mechanism: 'oauthbearer', username: 'me', password: 'x' } },
  ]) {
    expect(options.safeParse(bad).success).toBe(false);
  }
});
