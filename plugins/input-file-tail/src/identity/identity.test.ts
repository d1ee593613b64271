import { describe, expect, test } from 'vitest';
import { birthOf } from '../machine/file-stat.ts';
import { type FileFacts, identify, metaOf, readMeta, readPart } from './identity.ts';
import { StoredRows } from './stored-rows.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const file: FileFacts = {
  path: '/v/app.log',
  dev: 1n,
  ino: 10n,
  birth: 500n,
  size: 100,
  modified: 0,
  head: bytes('one\ntwo\n'),
  before: new Map(),
};
const row = (key: number, of: Partial<FileFacts> & { position?: number } = {}) => {
  const { position = 50, ...facts } = of;
  const stored = { ...file, ...facts };
  return { key, path: stored.path, position, meta: metaOf(stored) };
};

describe('a file is', () => {
  test.each<[string, Partial<FileFacts>, string]>([
    ['unchanged', {}, 'same'],
    ['grown', { size: 5000, head: bytes('one\ntwo\nthree') }, 'same'],
    ['renamed', { path: '/v/app.log.1' }, 'renamed'],
    ['renamed and grown', { path: '/v/app.log.1', head: bytes('one\ntwo\nthree') }, 'renamed'],
    ['on a device that got another number', { dev: 2n }, 'same'],
    [
      'on another device with the same path and inode, other content',
      { dev: 2n, head: bytes('xxx\nyyy\n') },
      'replaced',
    ],
    ['on another device, elsewhere', { dev: 2n, path: '/w/app.log' }, 'new'],
    ['shorter than what was read', { size: 49 }, 'truncated'],
    ['truncated and empty', { size: 0, head: bytes('') }, 'truncated'],
    ['truncated and refilled beyond its old size', { size: 5000, head: bytes('other\n') }, 'truncated'],
    ['truncated, refilled, and renamed', { path: '/v/app.log.1', head: bytes('other\n') }, 'truncated'],
    ['another file with the inode used again', { birth: 900n, head: bytes('other\n') }, 'replaced'],
    ['another file with the inode and the same banner', { birth: 900n }, 'replaced'],
    ['with a birth time unknown now', { birth: null }, 'same'],
    ['with a birth time unknown now, other content', { birth: null, head: bytes('other\n') }, 'replaced'],
    [
      'with a birth time unknown now, other content, shorter',
      { birth: null, size: 9, head: bytes('other\n') },
      'truncated',
    ],
    ['recreated at the path', { ino: 11n, birth: 900n, head: bytes('other\n') }, 'replaced'],
    ['recreated at the path with the same banner', { ino: 11n, birth: 900n }, 'replaced'],
    ['a copy elsewhere', { ino: 11n, path: '/v/app.log.1' }, 'new'],
  ])('%s: %s', (_, now, verdict) => {
    const identity = identify({ ...file, ...now }, [row(1)]);
    expect(identity.verdict).toBe(verdict);
    expect(identity.reason).not.toBe('');
  });

  describe.each<[string, number]>([
    ['at', 60],
    ['behind', 50],
    // A seek, or a rewind that was given up.
    ['before', 90],
  ])('with its read end stored %s its position', (_, position) => {
    const stored = row(1, { position });
    const known = { ...stored, meta: { ...stored.meta, ...readMeta(60, bytes('last\n')) } };

    test.each<[string, Partial<FileFacts>, string]>([
      ['the same last bytes', { before: new Map([[60, bytes('last\n')]]) }, 'same'],
      ['the same last bytes, grown', { size: 5_000, before: new Map([[60, bytes('last\n')]]) }, 'same'],
      ['the same last bytes, renamed', { path: '/v/a.1', before: new Map([[60, bytes('last\n')]]) }, 'renamed'],
      ['last bytes that were not looked at', {}, 'same'],
      ['other bytes looked at', { before: new Map([[50, bytes('other\n')]]) }, 'same'],
      ['other last bytes', { before: new Map([[60, bytes('lost\n')]]) }, 'truncated'],
      [
        'other last bytes, and a birth time unknown now',
        { birth: null, before: new Map([[60, bytes('lost\n')]]) },
        'truncated',
      ],
      ['other last bytes, renamed', { path: '/v/a.1', before: new Map([[60, bytes('lost\n')]]) }, 'truncated'],
      ['fewer bytes than were read', { size: 59, before: new Map([[60, bytes('last')]]) }, 'truncated'],
    ])('%s', (_, now, verdict) => expect(identify({ ...file, ...now }, [known]).verdict).toBe(verdict));
  });

  test('the same when it was empty, wherever its position is', () => {
    expect(identify(file, [row(1, { head: bytes(''), position: 0 })]).verdict).toBe('same');
  });

  test('new when nothing is stored', () => expect(identify(file, []).verdict).toBe('new'));
});

test('with both a rotated and a recreated file there, each is told by its inode', () => {
  const rows = [row(1), row(2, { path: '/v/app.log', ino: 11n, head: bytes('later\n') })];
  expect(identify({ ...file, path: '/v/app.log.1' }, rows)).toMatchObject({ verdict: 'renamed', row: { key: 1 } });
  const recreated = { ...file, ino: 11n, head: bytes('later\n') };
  expect(identify(recreated, rows)).toMatchObject({ verdict: 'same', row: { key: 2 } });
});

test('of two rows with one inode the newest one counts', () => {
  expect(identify(file, [row(1), row(2), row(3, { head: bytes('x') })])).toMatchObject({
    verdict: 'same',
    row: { key: 2 },
  });
});

test('candidates share inode or path, and are taken once', () => {
  const rows = new StoredRows([row(1), row(2, { ino: 11n }), row(3, { path: '/w', ino: 12n })]);
  expect(rows.candidates(file).map(({ key }) => key)).toEqual([1, 2]);
  rows.take(rows.candidates(file)[0]!);
  expect(rows.candidates(file).map(({ key }) => key)).toEqual([2]);
  expect([...rows.left].map(({ key }) => key)).toEqual([2, 3]);
});

test('the end that was read is looked at, where it is stored', () => {
  const plain = row(1);
  expect(new StoredRows([plain]).ends(file)).toEqual([]);
  const read = { ...plain, meta: { ...plain.meta, ...readMeta(60, bytes('last\n')) } };
  expect(new StoredRows([read, row(2, { path: '/w', ino: 12n })]).ends(file)).toEqual([60]);
  expect(readPart(read.meta)).toEqual(readMeta(60, bytes('last\n')));
  expect(readPart(plain.meta)).toEqual({});
});

test('a birth time that is missing or only the change time is unknown', () => {
  expect(birthOf({ birthtimeNs: 0n, ctimeNs: 5n })).toBe(null);
  expect(birthOf({ birthtimeNs: 5n, ctimeNs: 5n })).toBe(null);
  expect(birthOf({ birthtimeNs: 4n, ctimeNs: 5n })).toBe(4n);
});
