import { expect, test } from 'vitest';
import { parseEndpoint } from './endpoint.ts';

test.each([
  ['etcd', false, 'http://etcd:2379'],
  ['etcd:80', false, 'http://etcd:80'],
  ['http://10.0.0.1:2379/', false, 'http://10.0.0.1:2379'],
  ['HTTPS://etcd.example.org', false, 'https://etcd.example.org:2379'],
  ['https://etcd:443', true, 'https://etcd:443'],
  ['etcd-1:2379', true, 'https://etcd-1:2379'],
  ['[::1]:2379', false, 'http://[::1]:2379'],
])('%s, tls %s: %s', (text, tls, url) => {
  expect(parseEndpoint(text, tls)).toEqual({ url, secure: url.startsWith('https:') });
});

test.each(['', 'ftp://etcd', 'http://', 'etcd:0', 'etcd:65536', 'etcd:2379/path', 'user:pw@etcd', 'a b', '::1'])(
  '%j is none',
  (text) => expect(parseEndpoint(text, false)).toBeUndefined(),
);
