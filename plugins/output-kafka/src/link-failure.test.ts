import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { connectFailure } from './link-failure.ts';

/** Errors as kafkajs makes them of a broker's answer. */
const { createErrorFromCode } = createRequire(import.meta.url)('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): Error;
};

test.each([
  [33, /sasl\.mechanism/],
  [34, /leave out `sasl`/],
  [58, /sasl\.password/],
])('a login that is refused with code %i says what to do', (code, hint) => {
  const failure = connectFailure({ host: 'kafka', port: 9093 }, createErrorFromCode(code));
  expect(failure).toMatchObject({ code: 'LC_OUTPUT_AUTH', hint: expect.stringMatching(hint) });
});
