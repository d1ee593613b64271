import { expect, test } from 'vitest';
import { compare, differencesOf } from './compare.ts';
import type { Shown } from './shown.ts';
import type { ExpectedRecord } from './test-schema.ts';

const shown = (value: string, fields: Shown['fields'] = {}, attributes: Shown['attributes'] = {}): Shown => ({
  value,
  fields,
  attributes,
});
const fieldsOf = (expected: ExpectedRecord, actual: Shown) => differencesOf(expected, actual).map(({ field }) => field);

test('a text is the whole value; contains and matches look at a part of it', () => {
  const actual = shown('GET /a took 12 ms');
  expect(fieldsOf('GET /a took 12 ms', actual)).toEqual([]);
  expect(fieldsOf('GET /a', actual)).toEqual(['value']);
  expect(fieldsOf({ contains: ['GET', 'ms'], matches: /\d+ ms$/ }, actual)).toEqual([]);
  expect(fieldsOf({ contains: ['GET', 'POST'] }, actual)).toEqual(['value']);
  expect(fieldsOf({ matches: /^took/ }, actual)).toEqual(['value']);
});

test('fields that are named are compared: texts, their parts, none at all, and maps as a whole', () => {
  const actual = shown('x', { topic: 'web', key: undefined, headers: { team: 'a', host: 'h' } });
  expect(fieldsOf({ topic: 'web', key: null, headers: { team: 'a', host: { contains: 'h' } } }, actual)).toEqual([]);
  expect(fieldsOf({ topic: { contains: 'e' } }, actual)).toEqual([]);
  expect(fieldsOf({ topic: null, key: 'k', headers: { team: 'b' } }, actual)).toEqual([
    'topic',
    'key',
    'headers.team',
    'headers.host',
  ]);
  expect(fieldsOf({ topic: { web: 'x' }, key: {}, headers: null }, actual)).toEqual(['topic', 'key', 'headers']);
});

test('of attributes and JSON only what is named counts, of lists in it everything', () => {
  const actual = shown('{"user":{"id":7,"name":"ann"},"tags":["a","b"]}', {}, { level: 'info', path: '/a' });
  expect(fieldsOf({ attributes: { level: 'info' }, json: { user: { id: 7 }, tags: ['a', 'b'] } }, actual)).toEqual([]);
  expect(
    fieldsOf({ attributes: { level: 'warn', no: 'x' }, json: { user: { id: '7' }, tags: ['a'], no: 1 } }, actual),
  ).toEqual(['json.user.id', 'json.tags', 'json.no', 'attributes.level', 'attributes.no']);
  expect(differencesOf({ json: {} }, shown('plain'))).toEqual([
    { field: 'json', expected: '{}', actual: '"plain", which is not JSON' },
  ]);
});

test('a record that is missing or too many does not make the others wrong', () => {
  const came = ['a', 'b', 'c'].map((value) => shown(value));
  expect(compare(['a', 'b', 'c'], came)).toBeUndefined();
  expect(compare(3, came)).toBeUndefined();
  expect(compare(2, came)).toEqual({ expected: 2, actual: came });
  expect(compare(['a', 'x', 'b', 'c'], came)).toMatchObject({
    mismatches: [{ index: 1, expected: 'x', differences: [] }],
  });
  expect(compare(['a', 'c'], came)).toMatchObject({ mismatches: [{ actual: shown('b') }] });
  expect(compare(['b', 'x'], came)).toMatchObject({
    mismatches: [{ actual: shown('a') }, { index: 1, expected: 'x', actual: shown('c') }],
  });
});
