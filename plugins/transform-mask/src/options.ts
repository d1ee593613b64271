import { list, pattern, z } from '@logcatch/plugin-api';
import { kindNames } from './kinds.ts';

const own = z.union([pattern('g'), z.strictObject({ pattern: pattern('g'), replacement: z.string().optional() })]);

export const options = z
  .strictObject({
    kinds: z
      .array(z.enum(kindNames))
      .default(kindNames)
      .describe('card: numbers of payment cards. email: e-mail addresses. token: keys, passwords and the like.'),
    patterns: z
      .array(own)
      .default([])
      .describe('Regular expressions of your own, or maps of `pattern` and `replacement`, which may say `$1`.'),
    replacement: z.string().default('***').describe('What stands in place of what was found.'),
    attributes: list().default([]).describe('Attributes to look at too, besides the text of the record.'),
  })
  .refine(
    ({ kinds, patterns }) => kinds.length + patterns.length > 0,
    'there is nothing to mask: name kinds or patterns',
  )
  .transform(({ patterns, ...options }) => {
    // Only what belongs to a pattern may name its groups.
    const literal = options.replacement.replaceAll('$', '$$$$');
    const whole = patterns.map((own) => (own instanceof RegExp ? { pattern: own } : own));
    return { ...options, patterns: whole.map(({ pattern, replacement = literal }) => ({ pattern, replacement })) };
  });
