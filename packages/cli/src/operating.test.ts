import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { prod } from './fixtures/prod.ts';
import { statusText } from './status.ts';
import { topText } from './top-text.ts';

const document = readFileSync(new URL('../../../docs/operating.md', import.meta.url), 'utf8');

test('docs/operating.md shows what status and top print', () => {
  const [before, after] = [prod(0), prod(1)];
  expect(document).toContain(`$ pipeline status prod.yaml\n${statusText(after, after.at)}\n\`\`\``);
  expect(document).toContain(`$ pipeline top prod.yaml --once\n${topText(before, after, 110)}\n\`\`\``);
});
