import { Configuration, type Desired, type Engine, type SourceStatus } from '@logcatch/core';
import { exitCode } from './exit-codes.ts';
import { printAside } from './print.ts';
import { plainLine } from './text.ts';

/** A pipeline file with the values that its sources have now, while `use` runs. Nothing of the pipeline does. @throws ConfigErrors */
export async function configured<T>(
  engine: Engine,
  file: string,
  online: boolean,
  use: (configuration: Configuration, desired: Desired) => T | Promise<T>,
): Promise<T> {
  const configuration = new Configuration(engine, await engine.read(file), { online });
  try {
    return await use(configuration, await configuration.start());
  } finally {
    await configuration.stop();
  }
}

/** Says what is wrong with sources, and returns the exit code that it means: `done` when nothing is. */
export function printTrouble(sources: readonly SourceStatus[]): number {
  const bad = sources.filter(({ reason }) => reason !== '');
  for (const { name, reason, hint } of bad) {
    printAside(plainLine(`config.${name}: ${reason}${reason.endsWith(hint) ? '' : ` ${hint}`}`), 2);
  }
  if (bad.length === 0) return exitCode.done;
  const invalid = bad.some(({ code = '' }) => code === 'LC_SOURCE_BAD' || code.startsWith('LC_CONFIG_'));
  return invalid ? exitCode.invalid : exitCode.failed;
}
