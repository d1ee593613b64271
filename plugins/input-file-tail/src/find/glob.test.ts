import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { joinBraces } from '../options.ts';
import { Exclusions, Pattern } from './glob.ts';

const inFolder = (path: string) => resolve('/home/[me]', path);
const pattern = (text: string) => new Pattern(text, inFolder);

describe('a pattern matches', () => {
  test.each([
    ['app.log', '/home/[me]/app.log', true],
    ['app.log', '/home/[me]/app.log/x', false],
    ['./logs/*.log', '/home/[me]/logs/a.log', true],
    ['./logs/*.log', '/home/[me]/logs/.a.log', false],
    ['./logs/*.log', '/home/[me]/logs/b/a.log', false],
    ['./logs/.*.log', '/home/[me]/logs/.a.log', true],
    ['*.log', '/home/[me]/a.log', true],
    ['**/*.log', '/home/[me]/a.log', true],
    ['**/*.log', '/home/[me]/x/y/a.log', true],
    ['**/*.log', '/home/[me]/.git/a.log', false],
    ['../{a,b}/x.log', '/home/b/x.log', true],
    ['/v/{a/b,c}/*.log', '/v/a/b/x.log', true],
    ['/v/app (1).log', '/v/app (1).log', true],
    ['/v/a\\*.log', '/v/a*.log', true],
    ['/v/a\\*.log', '/v/ab.log', false],
    ['/v/a[0-9]?.log', '/v/a12.log', true],
    ['/v/@(a|b).log', '/v/b.log', true],
    ['/*.log', '/x.log', true],
    ['!x.log', '/home/[me]/!x.log', true],
  ])('%s %s: %s', (text, path, expected) => expect(pattern(text).matches(path)).toBe(expected));
});

describe('a pattern may hold something in', () => {
  test.each([
    ['/v/*.log', '/v', true],
    ['/v/*.log', '/v/a', false],
    ['/v/*/*.log', '/v/a', true],
    ['/v/a*/*.log', '/v/b', false],
    ['/v/a*/*.log', '/v/ab/c', false],
    ['/v/**/*.log', '/v/a/b/c', true],
    ['/v/**/*.log', '/v/a/.git', false],
    ['/v/**/.x/*.log', '/v/a/.x', true],
    ['/v/{a/b,c}/*.log', '/v/a/b', true],
    ['/v/*.log', '/w', false],
    ['/v/a.log', '/v', false],
  ])('%s %s: %s', (text, folder, expected) => expect(pattern(text).mayHold(folder)).toBe(expected));
});

test('named folders are walked through a link, ** is not', () => {
  expect(pattern('/v/*/x.log').followsLink('/v/a')).toBe(true);
  expect(pattern('/v/*/**/x.log').followsLink('/v/a')).toBe(true);
  expect(pattern('/v/*/**/x.log').followsLink('/v/a/b')).toBe(false);
  expect(pattern('/v/**/x.log').followsLink('/v/a')).toBe(false);
});

test('exclude: base names without a slash, else paths, and folders with what they hold', () => {
  const exclusions = new Exclusions(['*.gz', '/v/old/**', 'tmp/x.log', '/v/archive'], inFolder);
  expect(exclusions.has('/anywhere/.a.gz')).toBe(true);
  expect(exclusions.has('/v/old')).toBe(true);
  expect(exclusions.has('/v/old/a/b.log')).toBe(true);
  expect(exclusions.has('/home/[me]/tmp/x.log')).toBe(true);
  expect(exclusions.has('/v/archive/a.log')).toBe(true);
  expect(exclusions.has('/v/older/a.log')).toBe(false);
  expect(exclusions.has('/v/a.log')).toBe(false);
});

test('exclude: whatever is in a folder that is left out, on the whole path', () => {
  const exclusions = new Exclusions(['old', '[[]me]', 'home', '/v/*/tmp', '../c?che'], inFolder);
  expect(exclusions.by('/v/old/a/b.log')).toBe('/v/old');
  expect(exclusions.by('/old/a.log')).toBe('/old');
  expect(exclusions.by('/v/x/tmp/a/b.log')).toBe('/v/x/tmp');
  expect(exclusions.by('/home/cache/a.log')).toBe('/home/cache');
  expect(exclusions.by('/w/home/a.log')).toBe('/w/home');
  expect(exclusions.by('/v/x/a.log')).toBe(undefined);
  // Where the pipeline file lies is nobody's choice.
  expect(exclusions.by('/home/[me]/a.log')).toBe(undefined);
  expect(exclusions.by('/home/[me]/old/a.log')).toBe('/home/[me]/old');
});

test('commas inside braces do not separate patterns', () => {
  expect(joinBraces(['/v/{a', 'b}.log', '/w/*.log', '/x/{{c', 'd}', 'e}'])).toEqual([
    '/v/{a,b}.log',
    '/w/*.log',
    '/x/{{c,d},e}',
  ]);
});

describe('a name in braces is a part of the path', () => {
  test.each([
    ['/v/{service}/*.log', '/v/web/a.log', { service: 'web' }],
    ['/v/{service}/*.log', '/v/.hidden/a.log', undefined],
    ['/v/{service}/*.log', '/v/web/deep/a.log', undefined],
    ['/v/{service}-{day}.log', '/v/web-app-2026.log', { service: 'web', day: 'app-2026' }],
    ['/v/**/{pod}_*.{log,txt}', '/v/a/b/p1_x.txt', { pod: 'p1' }],
    ['{app}.log', '/home/[me]/shop.log', { app: 'shop' }],
    ['/v/{a}/{a}.log', '/v/x/x.log', { a: 'x' }],
    ['/v/{a}/{a}.log', '/v/x/y.log', undefined],
    ['/v/*.log', '/v/a.log', undefined],
  ])('%s %s', (text, path, expected) => {
    const captures = pattern(text).capturesOf(path);
    expect(captures && { ...captures }).toEqual(expected);
    if (text.includes('{a}') || expected) expect(pattern(text).matches(path)).toBe(expected !== undefined);
  });
});
