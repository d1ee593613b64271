import { orSkip } from '../contenders/index.ts';
import { logcatchAgent } from '../contenders/logcatch.ts';
import { Rsyslog } from '../contenders/rsyslog.ts';
import type { Command } from '../process.ts';

/** Someone who follows files and prints their lines. */
export interface Tailer {
  readonly title: string;
  /** @param folder empty: for configuration and state @param pipe where the lines go; it is its standard output, too */
  follow(folder: string, pattern: string, pipe: string): Command;
}

export const tailerNames = ['logcatch', 'rsyslog'] as const;

/** Makes these ready. Those that can't be had here are left out, and it is said why. */
export async function tailers(names: readonly (typeof tailerNames)[number][]): Promise<Tailer[]> {
  const made = names.map((name) => (name === 'logcatch' ? logcatch() : orSkip(name, rsyslog)));
  return (await Promise.all(made)).filter((tailer) => tailer !== undefined);
}

/** @param options of file-tail, as YAML */
export function logcatch(title = 'logcatch', options = ''): Tailer {
  return {
    title,
    follow: (folder, pattern) => logcatchAgent(folder, `paths: "${pattern}"${options}`, 'type: console, format: text'),
  };
}

async function rsyslog(): Promise<Tailer> {
  const daemon = await Rsyslog.unpack();
  return {
    title: `rsyslog ${daemon.version}`,
    follow: (folder, pattern, pipe) => daemon.follow(folder, pattern, `type="omfile" file="${pipe}" template="ended"`),
  };
}
