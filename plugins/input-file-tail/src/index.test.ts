import { expect, test } from 'vitest';
import plugin from './index.ts';

const { definition } = plugin;

test.each([
  [{ paths: './{service}/{level}.log' }, ['service', 'level']],
  [{ paths: '/var/log/pods/*.log', format: 'cri' }, ['stream', 'time']],
  [{ paths: './{service}.log', format: 'docker' }, ['service', 'stream', 'time']],
])('the attributes that %j gives records', (given, names) => {
  expect(definition.sets?.(definition.options.parse(given))).toEqual(names);
});

test('remote patterns are found among its options: those of multiline are regular expressions', () => {
  const { multiline } = definition.options.parse({ paths: 'a', multiline: { start: '^\\d' } });
  expect(multiline).toMatchObject({ start: expect.any(RegExp) });
});
