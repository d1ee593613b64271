import { expect, test } from 'vitest';
import { addressText, httpSchema, isLoopback } from './http.ts';

test.each([
  [9600, '127.0.0.1:9600'],
  ['9600', '127.0.0.1:9600'],
  ['127.0.0.1:0', '127.0.0.1:0'],
  ['localhost:9600', 'localhost:9600'],
  ['[::1]:9600', '[::1]:9600'],
  [{ listen: 9600 }, '127.0.0.1:9600'],
  [{ listen: '0.0.0.0:9600', token: { file: './token' } }, '0.0.0.0:9600'],
  [{ listen: '[::]:80', token: 't' }, '[::]:80'],
])('%j listens on %s', (given, address) => {
  expect(addressText(httpSchema.parse(given))).toBe(address);
});

test.each([[70_000], ['127.0.0.1'], ['::1:9600'], ['[1.2.3.4]:1'], ['http://127.0.0.1:1'], [':9600'], [1.5], [-1]])(
  '%j is no address',
  (given) => {
    expect(httpSchema.safeParse(given).success).toBe(false);
    expect(httpSchema.safeParse({ listen: given }).success).toBe(false);
  },
);

test('beyond this host it needs a token', () => {
  for (const listen of ['0.0.0.0:1', '[::]:1', '192.168.1.2:1', 'web1:1', '127.0.0.1.example:1']) {
    const { error } = httpSchema.safeParse(listen);
    expect(error!.issues[0]!.message).toContain('give it a token');
    expect(httpSchema.safeParse({ listen, token: 't' }).success).toBe(true);
  }
});

test('lines are shown to who has a token alone, on this host too', () => {
  const { error } = httpSchema.safeParse({ listen: 9600, lines: true });
  expect(error!.issues[0]!.message).toContain('give it a token');
  expect(httpSchema.parse({ listen: 9600, lines: true, token: 't' })).toMatchObject({ lines: true });
  expect(httpSchema.parse({ listen: 9600, lines: false })).not.toHaveProperty('lines');
});

test('what only this host reaches', () => {
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopback)).toBe(true);
  expect(['127.example', '128.0.0.1', '::', '', 'localhost.example'].some(isLoopback)).toBe(false);
});
