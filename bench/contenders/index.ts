import { Unavailable } from '../../test/servers/index.ts';
import type { Contender } from './contender.ts';
import { filebeat } from './filebeat.ts';
import { goTail } from './go-tail.ts';
import { kcat } from './kcat.ts';
import { logcatch, watched } from './logcatch.ts';
import { rsyslog } from './rsyslog.ts';

const contenders = {
  logcatch: logcatch('at-least-once'),
  'exactly-once': logcatch('exactly-once'),
  watched,
  kcat,
  rsyslog,
  'go-async': goTail('async'),
  'go-sync': goTail('sync'),
  filebeat,
} satisfies Record<string, () => Promise<Contender>>;

export type ContenderName = keyof typeof contenders;
export const names = Object.keys(contenders) as ContenderName[];

/** Makes these ready. Those that can't be had here are left out, and it is said why. */
export async function ready(wanted: readonly ContenderName[]): Promise<Map<ContenderName, Contender>> {
  const had = new Map<ContenderName, Contender>();
  for (const name of wanted) {
    const contender = await orSkip(name, contenders[name]);
    if (contender) had.set(name, contender);
  }
  return had;
}

/** What this makes, or nothing and a loud word where it can't be had on this machine. */
export async function orSkip<T>(name: string, make: () => Promise<T>): Promise<T | undefined> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.error(`SKIPPED ${name}: ${error.message}`);
    return undefined;
  }
}
