import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compatible } from './compatible.ts';

/** What is wrong: each that is bad, and each that is taken without the one it needs. */
const faultsOf =
  (bad: readonly string[], needs: Readonly<Record<string, string>> = {}) =>
  (names: readonly string[]) =>
    names.filter((name) => bad.includes(name)).length +
    names.filter((name) => needs[name] !== undefined && !names.includes(needs[name])).length;

test('two that need each other are found among two that are bad', () => {
  const faults = faultsOf(['x', 'y'], { file: 'value', value: 'file' });
  expect(compatible(['x', 'file', 'y', 'value'], faults)).toEqual(['file', 'value']);
});

test('nothing is wrong: all; everything is: none', () => {
  expect(compatible(['a', 'b'], faultsOf([]))).toEqual(['a', 'b']);
  expect(compatible(['a', 'b'], faultsOf(['a', 'b']))).toEqual([]);
  expect(compatible([], faultsOf([]))).toEqual([]);
});

test('property: what is good by itself is never left out for what is bad by itself', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  fc.assert(
    fc.property(fc.subarray(names), (bad) => {
      expect(compatible(names, faultsOf(bad))).toEqual(names.filter((name) => !bad.includes(name)));
    }),
  );
});
