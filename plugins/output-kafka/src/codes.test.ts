import { expect, test } from 'vitest';
import { backoff } from './backoff.ts';
import { failureOf } from './codes.ts';

test('what a broker answers says whether the records may have been appended', () => {
  expect(failureOf(19)).toMatchObject({ unknown: false, remedy: 'retry' });
  expect(failureOf(6)).toMatchObject({ unknown: true, remedy: 'retry' });
  expect(failureOf(10)).toMatchObject({ unknown: false, remedy: 'shrink' });
  expect(failureOf(29)).toMatchObject({ code: 'LC_OUTPUT_FORBIDDEN' });
  expect(failureOf(1234).message).toBe('Kafka answers error 1234');
});

test('pauses grow from 100 ms to 5 s, with jitter', () => {
  for (let n = 0; n < 40; n++) {
    const full = Math.min(5000, 100 * 2 ** n);
    expect(backoff(n)).toBeLessThanOrEqual(full);
    expect(backoff(n)).toBeGreaterThanOrEqual(full / 2);
  }
});
