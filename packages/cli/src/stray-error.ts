import { placeOf } from '@logcatch/core';
import { LogcatchError } from '@logcatch/plugin-api';

/**
 * An error that a plugin threw where nobody waits for it, as far as it can be told whose it is: its stack may name a file, and the
 * plugins that the pipeline file names are all that is left where it does not.
 */
export function strayError(what: string, error: unknown, plugins: readonly string[], hint: string): string {
  const origin = placeOf(error);
  const named = plugins.length > 0 ? ` Plugins of this file: ${plugins.join(', ')}.` : '';
  return new LogcatchError('LC_PLUGIN_THREW', `${what}: ${stackOf(error)}`, {
    hint: hint + named,
    ...(origin && { origin }),
  }).describe();
}

/** On one line. */
function stackOf(error: unknown): string {
  return (error instanceof Error ? (error.stack ?? error.message) : String(error)).replaceAll(/\s*\n\s*/g, ' ');
}
