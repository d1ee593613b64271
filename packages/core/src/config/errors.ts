import type { LogcatchError } from '@logcatch/plugin-api';

/** Why a configuration is refused: every error in it, in the order of the file. */
export class ConfigErrors extends Error {
  override readonly name = 'ConfigErrors';
  readonly errors: readonly LogcatchError[];

  constructor(errors: readonly LogcatchError[]) {
    super(errors.map((error) => error.describe()).join('\n'));
    this.errors = errors;
  }
}
