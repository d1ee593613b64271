import { maskCards } from './cards.ts';
import { maskEmails } from './emails.ts';
import { maskTokens } from './tokens.ts';

interface Kind {
  /** Source of a regular expression that finds something wherever {@link mask} changes something. Cheap, since every record meets it. */
  readonly hint: string;
  mask(text: string, replacement: string): string;
}

/** What is known without being told how it looks. All look at ASCII only, so a byte may be taken for a character. */
export const kinds = {
  card: { hint: '\\d{13}|\\d{4}[ -]\\d{4}', mask: maskCards },
  email: { hint: '@', mask: maskEmails },
  token: {
    hint: '[Pp][Aa][Ss][Ss]|[Pp][Ww][Dd]|[Ss][Ee][Cc][Rr]|[Tt][Oo][Kk][Ee]|[Kk][Ee][Yy]["\'=\\\\]|[Bb][Ee][Aa][Rr][Ee]|[Aa][Uu][Tt][Hh][Oo]|eyJ|AKIA|ASIA|gh[pousr]_|github_|glpat|xox|AIza|k_live|k_test|npm_',
    mask: maskTokens,
  },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as [KindName, ...KindName[]];
