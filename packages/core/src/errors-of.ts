import { LogcatchError, messageOf } from '@logcatch/plugin-api';
import { ConfigErrors } from './config/index.ts';

/** Whatever was thrown, as errors of ours. */
export function errorsOf(error: unknown): readonly LogcatchError[] {
  if (error instanceof ConfigErrors) return error.errors;
  if (error instanceof LogcatchError) return [error];
  return [new LogcatchError('LC_PLUGIN_THREW', messageOf(error), { cause: error })];
}
