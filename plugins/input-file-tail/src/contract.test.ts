import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputContract } from '@logcatch/testing';
import { describe, test } from 'vitest';
import { FileTail } from './input.ts';
import { options } from './options.ts';

describe('the input contract', () => {
  const suite = inputContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'logcatch-tail-'));
    const file = join(folder, 'app.log');
    writeFileSync(file, '');
    return {
      options: { folder },
      create: (context) => new FileTail(options.parse({ paths: './*.log' }), context),
      produce: async (lines) => appendFileSync(file, lines.map((line) => `${line}\n`).join('')),
      cleanup: async () => rmSync(folder, { recursive: true }),
    };
  });
  for (const { name, run } of suite) test(name, run);
});
