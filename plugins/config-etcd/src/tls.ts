import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import type { Options } from './options.ts';

/** PEM. */
export interface TlsFiles {
  readonly ca: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Reads the files anew, so that renewed certificates count. */
export async function readTls(tls: Options['tls'], resolve: (path: string) => string): Promise<TlsFiles> {
  const { ca, cert, key } = typeof tls === 'object' ? tls : {};
  return {
    ca: ca === undefined ? Buffer.from(getCACertificates('default').join('\n')) : await readFile(resolve(ca)),
    ...(cert !== undefined && { cert: await readFile(resolve(cert)) }),
    ...(key !== undefined && { key: await readFile(resolve(key)) }),
  };
}
