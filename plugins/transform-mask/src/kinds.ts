import { maskCards } from './cards.ts';
import { maskEmails } from './emails.ts';
import { maskFormed, maskNamed } from './tokens.ts';

export interface Rule {
  /** Finds something in every record that {@link mask} changes. Cheap, since it runs over all that passes. */
  readonly hint: RegExp;
  mask(text: string, replacement: string): string;
}

/** What is known without being told how it looks. All look at ASCII only, so a byte may be taken for a character. */
export const kinds = {
  card: [{ hint: /\d{4}[ -]?\d{4}/g, mask: maskCards }],
  email: [{ hint: /@/g, mask: maskEmails }],
  token: [
    { hint: /[=:](?<=(?:pass|word|wd|phrase|secret|token|key)\\?["']?\s{0,4}[=:])/gi, mask: maskNamed },
    {
      hint: /[Bb][Ee][Aa][Rr][Ee]|[Aa][Uu][Tt][Hh][Oo]|eyJ|AKIA|ASIA|gh[pousr]_|github_|glpat|xox|AIza|k_live|k_test|npm_/g,
      mask: maskFormed,
    },
  ],
} as const satisfies Record<string, readonly Rule[]>;

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as [KindName, ...KindName[]];
