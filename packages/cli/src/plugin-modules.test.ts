import { expect, test } from 'vitest';
import { modulesOf } from './plugin-modules.ts';

test('what plugins import by relative paths is found, though it cannot be compiled, or is not there', async () => {
  const files: Readonly<Record<string, string>> = {
    '/p/a.ts': `import { defineInput } from '@logcatch/plugin-api';
import type { T } from './types.ts';
import {
  one,
} from "../q/one.ts";
import './effects.ts';
export * from './again.ts';
const late = await import('./late.ts');`,
    '/q/one.ts': `import { a } from '../p/a.ts'; const broken = = 3;`,
  };
  const modules = await modulesOf(['/p/a.ts', '/p/b.ts'], async (file) => files[file]);
  expect([...modules].sort()).toEqual(
    ['a', 'again', 'b', 'effects', 'late', 'types'].map((name) => `/p/${name}.ts`).concat('/q/one.ts'),
  );
});
