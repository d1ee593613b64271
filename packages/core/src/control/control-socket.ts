import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { LogcatchError } from '@logcatch/plugin-api';

/** Name of the control socket in data_dir. */
export const controlSocket = 'control.sock';

/** Bytes of a path that the address of a socket holds. */
const longestPath = process.platform === 'linux' ? 107 : 103;

/** The address of a socket in a folder, for as long as it is not closed. */
export interface SocketAddress {
  readonly path: string;
  close(): void;
}

/**
 * Linux reaches a folder with a long path through a descriptor of it; nothing has to be made elsewhere, where others could
 * make it too.
 * @param name relative to the folder
 * @throws LC_CONTROL_SOCKET where the path is too long, and what opening the folder throws
 */
export function socketAddress(folder: string, name: string): SocketAddress {
  const path = join(folder, name);
  const { length } = Buffer.from(path);
  if (length <= longestPath) return { path, close() {} };
  if (process.platform !== 'linux') {
    throw new LogcatchError(
      'LC_CONTROL_SOCKET',
      `${path} has ${length} bytes; a socket's path has at most ${longestPath}`,
    );
  }
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${descriptor}/${name}`, close: () => closeSync(descriptor) };
}
