import { expect, it } from 'vitest';
import { options } from './options.ts';
import { tuning } from './tuning.ts';

it('a new value is in effect within 10 s after any fault, whichever of three endpoints serves', () => {
  const { request_timeout } = options.parse({ endpoints: 'localhost', key: 'any' });
  const { look, spread, stagger, pause } = tuning;
  const halfOpen = 1.2 * look + request_timeout + spread + 2 * stagger;
  expect(halfOpen).toBeLessThan(10_000);
  expect(pause + 2 * stagger).toBeLessThan(10_000);
});
