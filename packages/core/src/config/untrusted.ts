import { type AnyDefinition, Condition } from '@logcatch/plugin-api';
import type { Names } from './names.ts';
import { valuesIn } from './option-values.ts';
import type { KeyPath, Problems } from './problem.ts';
import { isRemote } from './references.ts';
import { viewOf } from './schema-view.ts';
import { type ConfigValue, type MapValue, plainOf, valueAt } from './value.ts';

export interface Written {
  /** As the file has it, with its `${}`. */
  readonly body: MapValue;
  /** With their values. */
  readonly value: MapValue;
  readonly path: KeyPath;
  readonly names: Names;
}

/** What a stranger may not say, and what to do instead. */
interface Refusal {
  readonly message: string;
  readonly hint: string;
}

/** Nothing bounds the time that one such as `(a+)+$` takes on a line, and meanwhile the agent does nothing else. */
const expression: Refusal = {
  message: 'a remote source cannot say a regular expression: one such as (a+)+$ would hold up the whole agent',
  hint: 'Write it in the pipeline file, or use conditions without `matches`: `contains`, `startsWith`, `endsWith`.',
};

/** With what is read it could write any file of this user, such as one that a shell runs. */
const file: Refusal = {
  message: 'a remote source cannot say which files are written: it could have any file of this user written',
  hint: 'Write the path in the pipeline file; an attribute that the source gives can fill in a name below its folder: `./archive/{{ app }}.log`.',
};

/** A password in clear, or one that can be guessed at leisure. */
const login: Refusal = {
  message:
    'a remote source cannot say who gets a login, nor how it is protected: it could have it sent to a server of its own',
  hint: 'Write it in the pipeline file, or in a file of this machine that a source of type ini or file reads.',
};

/** A server of its own, or one that it listens to, would be sent any file that this user can read. */
const secretFile: Refusal = {
  message: 'a remote source cannot say which file a secret is read from: it could have any file of this user sent away',
  hint: 'Write the path in the pipeline file.',
};

/** Then it would limit nothing. */
const limit: Refusal = {
  message: 'a remote source cannot say what limits it: it could have any file of this user read',
  hint: 'Write it in the pipeline file, or in a file of this machine that a source of type ini or file reads.',
};

interface Refused {
  /** Where it stands among the options. */
  readonly own: KeyPath;
  readonly refusal: Refusal;
}

/**
 * Options that come from elsewhere and may not, whatever the plugin.
 * @param options what the schema made of them; `undefined` where they are not valid, or not known yet
 */
export function reportUntrusted(
  definition: AnyDefinition,
  options: unknown,
  written: Written,
  problems: Problems,
): void {
  const { body, value, path, names } = written;
  for (const { own, refusal } of [
    ...refusedOptions(definition, options),
    ...refusedLogin(definition, value),
    ...refusedSecrets(definition, value),
    ...refusedLimit(definition, value),
  ]) {
    // What a schema makes may have another shape than what is written.
    const at = placeOf(body, own);
    if (!isRemote(valueAt(body, at), names)) continue;
    problems.add({
      code: 'LC_CONFIG_UNTRUSTED',
      path: [...path, ...at],
      origin: (valueAt(value, own) ?? valueAt(value, at) ?? value).origin,
      ...refusal,
    });
  }
}

function* refusedOptions(definition: AnyDefinition, options: unknown): Generator<Refused> {
  const written = definition.kind === 'output' && options !== undefined ? definition.writes?.(options) : undefined;
  for (const { path: own, value } of valuesIn(options)) {
    if (value instanceof RegExp || (value instanceof Condition && value.matches)) yield { own, refusal: expression };
    else if (written !== undefined && value === written) yield { own, refusal: file };
  }
}

/** Asked of what is written, so that `check` can tell it before any remote source has a value. */
function* refusedLogin({ login: by }: AnyDefinition, value: MapValue): Generator<Refused> {
  const given = (key: string) => valueAt(value, key.split('.')) !== undefined;
  if (!by || !given(by.login)) return;
  for (const key of by.protection.filter(given)) yield { own: key.split('.'), refusal: login };
  if (given(by.authority)) return;
  const hint = `${login.hint} Or give \`${by.authority}\` an authority of your own: who that vouches for gets the login, and nobody else.`;
  yield { own: by.servers.split('.'), refusal: { ...login, hint } };
}

function* refusedSecrets({ options }: AnyDefinition, value: MapValue): Generator<Refused> {
  for (const { path: own } of valuesIn(plainOf(value))) {
    if (own.at(-1) === 'file' && viewOf(options).isSecret(own.slice(0, -1))) yield { own, refusal: secretFile };
  }
}

function* refusedLimit(definition: AnyDefinition, value: MapValue): Generator<Refused> {
  const own = definition.kind === 'input' && definition.limit !== undefined ? [definition.limit] : [];
  if (own.length > 0 && valueAt(value, own) !== undefined) yield { own, refusal: limit };
}

/** The longest beginning of a path at which something is written. */
function placeOf(body: ConfigValue, path: KeyPath): KeyPath {
  let length = path.length;
  while (length > 0 && !valueAt(body, path.slice(0, length))) length--;
  return path.slice(0, length);
}
