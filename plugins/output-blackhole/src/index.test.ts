import { fakeOutputContext, memoryBatch, outputContract } from '@logcatch/testing';
import { describe, expect, test } from 'vitest';
import plugin from './index.ts';

describe('the output contract', () => {
  const suite = outputContract(async () => {
    const written: string[] = [];
    return {
      create: (context) => {
        const output = plugin.definition.create({}, context);
        return {
          ...output,
          // It has no target to look at: what it was given is.
          write: (batch, signal) => {
            written.push(...[...batch].map(({ text }) => text));
            return output.write(batch, signal);
          },
        };
      },
      written: async () => written,
    };
  });
  for (const { name, run } of suite) test(name, run);
});

test('counts what it takes, without line ends', async () => {
  const output = plugin.definition.create({}, fakeOutputContext());
  const { signal } = new AbortController();
  await output.write(await memoryBatch(['one', '', 'three']), signal);
  await output.write(await memoryBatch(['four']), signal);
  expect(output.figures?.()).toEqual({ records: 4, bytes: 12 });
});
