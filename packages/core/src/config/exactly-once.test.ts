import { expect, test } from 'vitest';
import { errorsOf, resolve } from './fixtures/definitions.ts';

const withOutputs = (outputs: string) => `inputs: { a: { type: tail, paths: x } }\noutputs: { ${outputs} }`;

test.each([
  ['alone', 'o: { type: exact }'],
  ['beside one that nothing waits for', 'o: { type: exact }, p: { type: console, required: false }'],
  ['where its options do not ask for it', 'o: { type: exact, delivery: at-least-once }, p: { type: console }'],
])('an output that delivers exactly once: %s', (_case, outputs) => {
  expect(resolve(withOutputs(outputs)).outputs.map(({ id }) => id)).toContain('o');
});

test.each([
  [
    'beside one that is required',
    'p: { type: console }, o: { type: exact }',
    'p.yaml:2:12 LC_CONFIG_EXACTLY_ONCE outputs.p: it is required beside outputs.o, which delivers exactly once: no position can move with both. Give the other outputs `required: false`, or a pipeline of their own: one position cannot move in two transactions at once.',
  ],
  [
    'beside another one of its kind',
    'o: { type: exact }, p: { type: exact }',
    'p.yaml:2:32 LC_CONFIG_EXACTLY_ONCE outputs.p: it is required beside outputs.o, which delivers exactly once: no position can move with both. Give the other outputs `required: false`, or a pipeline of their own: one position cannot move in two transactions at once.',
  ],
  [
    'beside one that is required and has an error of its own',
    'o: { type: exact }, p: { type: console, colour: x }',
    expect.stringContaining('outputs.p: it is required beside outputs.o'),
    expect.stringContaining('LC_CONFIG_UNKNOWN_KEY outputs.p.colour'),
  ],
  [
    'that is not required itself',
    'o: { type: exact, required: false }',
    'p.yaml:2:12 LC_CONFIG_EXACTLY_ONCE outputs.o: it delivers exactly once, so it cannot be `required: false`: nothing would wait for it. Remove `required: false`, or use `delivery: at-least-once`.',
  ],
])('refused: one that delivers exactly once %s', (_case, outputs, ...errors) => {
  expect(errorsOf(withOutputs(outputs))).toEqual(errors);
});
