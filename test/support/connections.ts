import { readFileSync } from 'node:fs';

const established = '01';

/** Open connections to a port of this machine, over IPv4. Linux only. */
export function connectionsTo(port: number): number {
  const place = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return state === established && local!.endsWith(place);
    }).length;
}
