import type { IKeyValue, IRangeResponse } from 'etcd3';
import { expect, test } from 'vitest';
import { contentOf } from './content.ts';
import { scopeOf } from './scope.ts';

const url = 'http://a:2379';
const header = { cluster_id: '1', member_id: '1', revision: '9', raft_term: '1' };

function range(...entries: [key: string, value: string | Buffer, revision: number][]): IRangeResponse {
  const kvs = entries.map(
    ([key, value, revision]): IKeyValue => ({
      key: Buffer.from(key),
      value: Buffer.from(value),
      mod_revision: String(revision),
      create_revision: '1',
      version: '1',
      lease: '0',
    }),
  );
  return { header, kvs, more: false, count: String(kvs.length) };
}

test('a key', () => {
  const place = { scope: scopeOf({ key: '/k' }), format: 'json', url } as const;
  expect(contentOf(range(['/k', '[]', 7]), place)).toEqual({
    document: { text: '[]', format: 'json', label: 'etcd key /k, revision 7' },
    revision: '7',
  });
  expect(() => contentOf(range(), place)).toThrow(
    expect.objectContaining({
      code: 'LC_SOURCE_ABSENT',
      message: 'etcd key /k is not there (http://a:2379, store revision 9)',
    }),
  );
});

test('a prefix: names are what follows, whatever they are; the revision tells of deletions', () => {
  const place = { scope: scopeOf({ prefix: '/ä/' }), format: 'text', url } as const;
  const loaded = contentOf(range(['/ä/__proto__', 'x', 10], ['/ä/b', 'y', 9]), place);
  expect(loaded).toMatchObject({ label: 'etcd prefix /ä/, 2 keys, revision 10', revision: '10/2' });
  expect('documents' in loaded && Object.keys(loaded.documents)).toEqual(['__proto__', 'b']);
  expect(contentOf(range(['/ä/__proto__', 'x', 10]), place).revision).toBe('10/1');
  expect(() => contentOf(range(), place)).toThrow('etcd prefix /ä/ has no keys (http://a:2379, store revision 9)');
});

test('what is no text is bad, and named', () => {
  const place = { scope: scopeOf({ prefix: '/' }), format: 'json', url } as const;
  expect(() => contentOf(range(['/good', '1', 3], ['/bad', Buffer.from([0xff]), 4]), place)).toThrow(
    expect.objectContaining({ code: 'LC_SOURCE_BAD', message: 'etcd key /bad, revision 4: it is not UTF-8' }),
  );
});
