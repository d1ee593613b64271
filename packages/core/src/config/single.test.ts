import { expect, test } from 'vitest';
import { errorsOf } from './fixtures/definitions.ts';

const outputs = 'outputs: { out: { type: console } }';

test('what there can be only one of', () => {
  expect(errorsOf(`inputs: { a: { type: once } }\n${outputs}`)).toEqual([]);
  expect(errorsOf(`inputs: { a: { type: once }, b: { type: tail, paths: x }, c: { type: once } }\n${outputs}`)).toEqual(
    [
      'p.yaml:1:59 LC_CONFIG_WIRING inputs.c: inputs.a is of type once already, and there can be only one. Keep one: several transforms and outputs can read it by `inputs: [a]`.',
    ],
  );
  expect(errorsOf(`inputs: { a: { type: once, each: { x: 1, y: 2 } } }\n${outputs}`)).toEqual([
    'p.yaml:1:11 LC_CONFIG_WIRING inputs.a: its `each` makes several inputs of type once, and there can be only one. Keep one: several transforms and outputs can read it by `inputs: [a]`.',
  ]);
});
