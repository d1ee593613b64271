import { expect, test } from 'vitest';
import { mostTelling } from './cluster.ts';
import { SendFailure } from './failure.ts';

test('of several reasons why no broker answers, the one to act on is told', () => {
  const away = new SendFailure('LC_OUTPUT_UNREACHABLE', 'cannot reach a');
  const login = new SendFailure('LC_OUTPUT_AUTH', 'b refuses the login');
  expect(mostTelling([away, login])).toBe(login);
  expect(mostTelling([away, new SendFailure('LC_OUTPUT_UNREACHABLE', 'cannot reach b')]).message).toBe(
    'cannot reach a; cannot reach b',
  );
});
