import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** By the numbers that `statfs` gives: Linux's. */
const networks: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x01021997, '9p'],
  [0x0bd00bd0, 'Lustre'],
  [0x65735546, 'FUSE'],
]);

/** The kind of network file system that a path is on; nothing where it is on a local one, or that cannot be told. */
export async function networkFileSystem(path: string): Promise<string | undefined> {
  const type = await statfs(path).then(
    (stat) => stat.type,
    () => 0,
  );
  return networks.get(type >>> 0);
}

/** The path, or the folder above it that is there, as far as this user sees. */
export function nearestThere(path: string): string {
  let at = path;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
