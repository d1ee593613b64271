import { describe, expect, test } from 'vitest';
import { hedged } from './hedge.ts';

describe('hedging', () => {
  const after =
    <T>(ms: number, value: T) =>
    () =>
      new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));
  const fails = (message: string) => async () => Promise.reject(new Error(message));

  test('goes on after a failure at once, and after silence when patience ends', async () => {
    expect(await hedged([fails('a'), after(0, 'b')], 60_000)).toBe('b');
    expect(await hedged([() => new Promise<string>(() => {}), after(0, 'b')], 5)).toBe('b');
  });

  test('asks nobody who is not needed, and tells all reasons', async () => {
    let asked = 0;
    const count = async () => ++asked;
    expect(await hedged([count, count], 5)).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(asked).toBe(1);
    const error = await hedged([fails('a'), fails('b')], 5).catch((thrown: unknown) => thrown);
    expect((error as AggregateError).errors.map(({ message }) => message)).toEqual(['a', 'b']);
  });
});
