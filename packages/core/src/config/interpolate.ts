import type { Origin } from '@logcatch/plugin-api';
import { ExpressionError, type Part, parseExpression, type Reference } from './expression.ts';
import { type Names, nearestName } from './names.ts';
import type { KeyPath, Problems } from './problem.ts';
import { type ConfigValue, kindOf, type MapEntry, type ScalarValue } from './value.ts';
import { listed } from './wording.ts';

export interface Scope {
  readonly names: Names;
  readonly problems: Problems;
  /** Whether the value at this path is a secret, of which no message may show anything. */
  isSecret?(path: KeyPath): boolean;
}

/**
 * Puts values in the place of every `${}`. A text that is exactly one `${}` becomes the value itself, with its type and its
 * origin. What comes from a source is never looked through again: it may come from a stranger.
 */
export function interpolate(value: ConfigValue, path: KeyPath, scope: Scope): ConfigValue {
  switch (value.kind) {
    case 'unresolved':
      return value;
    case 'list':
      return { ...value, items: value.items.map((item, index) => interpolate(item, [...path, index], scope)) };
    case 'map': {
      const entries = new Map<string, MapEntry>();
      for (const [key, entry] of value.entries) {
        entries.set(key, { ...entry, value: interpolate(entry.value, [...path, key], scope) });
      }
      return { ...value, entries };
    }
    case 'scalar':
      if (typeof value.scalar !== 'string' || !value.scalar.includes('${')) return value;
      return new Interpolation(value.origin, path, scope).text(value.scalar);
  }
}

/** One text being resolved. */
class Interpolation {
  readonly #origin: Origin;
  readonly #path: KeyPath;
  readonly #scope: Scope;

  constructor(origin: Origin, path: KeyPath, scope: Scope) {
    this.#origin = origin;
    this.#path = path;
    this.#scope = scope;
  }

  text(text: string): ConfigValue {
    let parts: Part[];
    try {
      parts = parseExpression(text);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const hint = 'Write `${source.path}` or `${source.path:-default}`, and `$${` for a literal `${`.';
      return this.#fail('LC_CONFIG_TEMPLATE', error.message, hint);
    }
    return this.#join(parts, false);
  }

  #join(parts: readonly Part[], coercible: boolean): ConfigValue {
    const [first] = parts;
    if (parts.length === 1 && typeof first === 'object') return this.#resolve(first);
    let text = '';
    let unresolved: ConfigValue | undefined;
    for (const part of parts) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const value = this.#resolve(part);
      if (value.kind === 'scalar' && value.scalar !== null) text += value.scalar;
      else if (value.kind === 'unresolved') unresolved = value;
      else {
        const message = `${part.text} is part of a text, so it cannot be ${kindOf(value)}`;
        unresolved = this.#fail('LC_CONFIG_VALUE', message, '');
      }
    }
    return unresolved ?? this.#scalar(text, coercible);
  }

  #resolve(reference: Reference): ConfigValue {
    const { names } = this.#scope;
    const [root = '', ...path] = reference.path;
    const value = names.get(root)?.lookup(path, this.#origin);
    const absent = value === undefined || (value.kind === 'scalar' && (value.scalar === '' || value.scalar === null));
    if (absent && reference.fallback) return this.#join(reference.fallback, true);
    if (value === undefined) return this.#unknown(reference);
    return { ...value, via: reference.text };
  }

  #unknown({ path, text }: Reference): ConfigValue {
    const { names, isSecret } = this.#scope;
    const [root = ''] = path;
    if (!names.has(root)) {
      // A password may well hold "${" by chance.
      if (isSecret?.(this.#path)) return this.#fail('LC_CONFIG_UNKNOWN_NAME', 'a `${...}` in it names nothing');
      if (root === 'each') {
        return this.#fail('LC_CONFIG_UNKNOWN_NAME', `${text} names nothing: only an input with \`each\` has it`);
      }
    }
    const near = nearestName(names, path);
    const nothing = root === 'env' ? `${text} is not set and has no default` : `${text} names nothing`;
    if (near !== undefined) return this.#fail('LC_CONFIG_UNKNOWN_NAME', `${nothing}, did you mean \${${near}}?`, '');
    const paths = [...(names.get(root)?.paths() ?? [])];
    const known = names.has(root) ? paths.map((at) => (at === '' ? root : `${root}.${at}`)) : [...names.keys()];
    const valid = root === 'env' ? '' : listed('Valid here', known, 12);
    return this.#fail('LC_CONFIG_UNKNOWN_NAME', nothing, valid === '' ? undefined : valid);
  }

  #scalar(scalar: string, coercible: boolean): ScalarValue {
    return { kind: 'scalar', scalar, origin: this.#origin, coercible };
  }

  #fail(
    code: 'LC_CONFIG_TEMPLATE' | 'LC_CONFIG_UNKNOWN_NAME' | 'LC_CONFIG_VALUE',
    message: string,
    hint?: string,
  ): ConfigValue {
    this.#scope.problems.add({
      code,
      path: this.#path,
      origin: this.#origin,
      message,
      ...(hint === undefined ? {} : { hint }),
      blamesEntry: code === 'LC_CONFIG_UNKNOWN_NAME',
    });
    return { kind: 'unresolved', origin: this.#origin };
  }
}
