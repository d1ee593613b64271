import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const pidFile = (dataDir: string) => join(dataDir, 'agent.pid');

/** Says for people which process has the lock of a data_dir. */
export function writePid(dataDir: string): void {
  writeFileSync(pidFile(dataDir), `${process.pid}\n`);
}

/** The process that has, or last had, the lock of a data_dir. */
export function readPid(dataDir: string): string | undefined {
  try {
    return readFileSync(pidFile(dataDir), 'utf8').trim();
  } catch {
    return undefined;
  }
}
