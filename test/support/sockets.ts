import { existsSync, readdirSync, readlinkSync } from 'node:fs';

/** Open sockets of this process, also those that do not keep it alive. */
export function sockets(): number {
  if (!existsSync('/proc/self/fd'))
    return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // the one that listed them
    }
  }).length;
}
