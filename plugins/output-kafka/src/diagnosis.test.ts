import { template } from '@logcatch/plugin-api';
import { expect, test } from 'vitest';
import { topicsOf } from './diagnosis.ts';

test.each([
  ['logs', [], ['logs'], false],
  ['{{ topic }}', [{ topic: 'a' }, { topic: 'b' }, { topic: 'a', x: 'y' }], ['a', 'b'], false],
  ['{{ topic }}-{{ x:-0 }}', [{ topic: 'a' }], ['a-0'], false],
  ['{{ topic }}', [{ topic: 'a' }, {}], ['a'], true],
  ['{{ topic }}', [], [], true],
])('topics of %s with %o', (topic, attributes, names, unknown) => {
  expect(topicsOf({ topic: template().parse(topic) }, attributes)).toEqual({ names, unknown });
});
