import { LogcatchError } from '@logcatch/plugin-api';

/** Wildcards in one name, and `**` in one pattern: with so many a match takes 1 ms, and of a name of 255 letters made for it less than 1 s. */
const [mostWildcards, mostAnyFolders] = [4, 2];

/**
 * Why matching a pattern can take far longer than in proportion to the length of a path: each wildcard is tried at every place
 * where the one before it may end. `undefined` where it cannot.
 */
export function whyCostly(pattern: string): string | undefined {
  const plain = pattern.replaceAll(/\\./g, 'x');
  const names = plain.split('/');
  if (plain.includes('(')) return 'it has parentheses';
  if (/\{[^}]*[{/]/.test(plain)) return 'braces in it hold a slash or other braces';
  if (names.filter((name) => name.includes('**')).length > mostAnyFolders)
    return `it has more than ${mostAnyFolders} \`**\``;
  const crowded = names.some((name) => (name.replace('**', '*').match(/[*{]/g)?.length ?? 0) > mostWildcards);
  return crowded ? `a name in it has more than ${mostWildcards} wildcards` : undefined;
}

/** Patterns that a stranger may have written must not hold up the agent. @throws LC_CONFIG_UNTRUSTED */
export function checkUntrusted(patterns: readonly string[]): void {
  for (const pattern of patterns) {
    const reason = whyCostly(pattern);
    if (reason === undefined) continue;
    const message = `${JSON.stringify(pattern)} is not simple enough for an input with options from a remote source: ${reason}`;
    throw new LogcatchError('LC_CONFIG_UNTRUSTED', message, {
      hint: 'One such as `*a*a*a*a*a*b` can hold up the whole agent for minutes on one name. Use fewer wildcards.',
    });
  }
}
