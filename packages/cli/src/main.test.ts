import { afterEach, expect, test, vi } from 'vitest';
import { main } from './main.ts';

afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

test.each([
  [['checkpoints', 'a.yaml'], 'ls|show|reset|seek'],
  [['dlq', 'a.yaml'], 'ls|show|replay|drop'],
  [['new', 'plugin', 'x'], 'input|output|transform|config-source'],
])('%j: what is missing is named by what it may be', async (args, choices) => {
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await expect(main(['node', 'pipeline', ...args])).rejects.toThrow('exit 2');
  expect(stderr.mock.calls.join()).toContain(choices);
});

test('a type that is misspelt', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  await main(['node', 'pipeline', 'plugins', 'kafak']);
  expect(error).toHaveBeenCalledWith(expect.stringContaining('no type "kafak", did you mean "kafka"? There are: '));
  expect(process.exitCode).toBe(2);
});
