import { ExpressionError, type Part, parseExpression } from './expression.ts';
import type { Names } from './names.ts';
import type { ConfigValue } from './value.ts';

/** The sources that the `${}` in a value name, defaults included. */
export function referencedSources(value: ConfigValue | undefined): Set<string> {
  const found = new Set<string>();
  const visitParts = (parts: readonly Part[]) => {
    for (const part of parts) {
      if (typeof part === 'string') continue;
      found.add(part.path[0]!);
      if (part.fallback) visitParts(part.fallback);
    }
  };
  const visit = (at: ConfigValue) => {
    if (at.kind === 'list') at.items.forEach(visit);
    else if (at.kind === 'map') for (const entry of at.entries.values()) visit(entry.value);
    else if (at.kind === 'scalar' && typeof at.scalar === 'string' && at.scalar.includes('${')) {
      try {
        visitParts(parseExpression(at.scalar));
      } catch (error) {
        // What cannot be read is reported where it is resolved.
        if (!(error instanceof ExpressionError)) throw error;
      }
    }
  };
  if (value) visit(value);
  return found;
}

/** Those of the sources a value names that have no value yet. */
export function unavailableIn(value: ConfigValue, names: Names): string[] {
  return [...referencedSources(value)].filter((source) => names.get(source)?.unavailable);
}

/** Whether a value depends on a source whose values come from elsewhere. */
export function isRemote(value: ConfigValue | undefined, names: Names): boolean {
  return [...referencedSources(value)].some((source) => names.get(source)?.remote === true);
}
