import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pageFiles } from './index.ts';

const folder = fileURLToPath(new URL('../browser/', import.meta.url));
const names = readdirSync(folder);
const text = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');

test('every file is served, and nothing else; a browser takes less than 150 KB', () => {
  const served = Object.entries(pageFiles).map(([path, url]) => [path, fileURLToPath(url)]);
  expect(served.toSorted()).toEqual(
    names.map((name) => [name === 'index.html' ? '/' : `/${name}`, `${folder}${name}`]).toSorted(),
  );
  expect(names.reduce((sum, name) => sum + statSync(`${folder}/${name}`).size, 0)).toBeLessThan(150_000);
});

test('nothing is taken from elsewhere, and no text becomes markup', () => {
  for (const name of names) {
    const imported = [...text(name).matchAll(/^(?:import|} from) .*?'(.*)';$/gm)].map(([, from]) => from);
    for (const from of imported) expect(names, name).toContain(from!.replace('./', ''));
    expect(text(name).replace('http://www.w3.org/2000/svg', ''), name).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?:\/\/(?!www\.w3\.org\/2000\/svg)/,
    );
  }
  expect(text('index.html')).not.toMatch(/ style=|<style| on\w+=/);
});
