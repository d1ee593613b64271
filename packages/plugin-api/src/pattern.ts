/**
 * A regular expression as people write it elsewhere: JavaScript's, and also `(?i)` (and `m`, `s`, `u`) in front of it, and
 * `(?P<name>...)`.
 * It is the word of whoever wrote the configuration: nothing bounds the time that a pattern such as `(a+)+$` takes.
 * @throws Error that says what is wrong with it, and where
 */
export function parsePattern(text: string, flags = ''): RegExp {
  const [prefix, inline = ''] = /^\(\?([imsu]+)\)/.exec(text) ?? [''];
  const source = text.slice(prefix.length).replaceAll(/(?<!\\)\(\?P</g, '(?<');
  const all = [...new Set(flags + inline)].join('');
  const reason = faultOf(source, all);
  if (reason === undefined) return new RegExp(source, all);
  const place = placeOf(source, all, reason) + prefix.length;
  throw new Error(`${reason} at character ${place + 1}: ${text.slice(0, place)} >>> ${text.slice(place)}`);
}

/** The names of its groups. */
export function groupsOf(pattern: RegExp): string[] {
  // An empty alternative always matches, and has the groups of the others.
  return Object.keys(new RegExp(`${pattern.source}|`, pattern.flags).exec('')!.groups ?? {});
}

function faultOf(source: string, flags: string): string | undefined {
  try {
    new RegExp(source, flags);
    return undefined;
  } catch (error) {
    // Invalid regular expression: /the pattern/flags: the reason
    return (error as Error).message.slice(`Invalid regular expression: /${source}/${flags}: `.length);
  }
}

/** The engine does not say where: what comes after the place does not change the fault, and what comes before is without it. */
function placeOf(source: string, flags: string, reason: string): number {
  // What ends too early has other faults in its parts: a group any, a class that of an escape cut in two.
  const same = (fault: string | undefined) => {
    if (reason === 'Unterminated group') return fault !== undefined;
    return (
      fault === reason || (reason === 'Unterminated character class' && fault?.endsWith('end of pattern') === true)
    );
  };
  let place = source.length;
  while (place > 0 && same(faultOf(source.slice(0, place), flags))) place--;
  return place;
}
