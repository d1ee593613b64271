import { z } from 'zod';
import { Condition } from './condition.ts';
import { parsePattern } from './pattern.ts';
import { Template } from './template.ts';

export { z };

const sizeUnits = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30 } as const;
const timeUnits = { ms: 1, s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3 } as const;

/** A number of bytes, or text such as `64KiB` or `1MB`. The parsed value is bytes. */
export function size() {
  return z
    .union([
      z.number().int().nonnegative(),
      // Without flags: editors know the expression alone.
      z.string().regex(/^\d+(\.\d+)?\s*([KMGkmg][Ii]?)?[Bb]$/, 'a size looks like 64KiB'),
    ])
    .transform((value) => {
      if (typeof value === 'number') return value;
      const unit = value.replace(/[\d.\s]/g, '').toUpperCase() as keyof typeof sizeUnits;
      return Math.round(Number.parseFloat(value) * sizeUnits[unit]);
    })
    .meta({ title: 'a size, such as 64KiB' });
}

/** A number of milliseconds, or text such as `5s`, `250ms`, `10m`. The parsed value is milliseconds. */
export function duration() {
  return z
    .union([z.number().nonnegative(), z.string().regex(/^\d+(\.\d+)?\s*(ms|s|m|h|d)$/, 'a duration looks like 5s')])
    .transform((value) => {
      if (typeof value === 'number') return value;
      const unit = value.replace(/[\d.\s]/g, '') as keyof typeof timeUnits;
      return Number.parseFloat(value) * timeUnits[unit];
    })
    .meta({ title: 'a duration, such as 250ms, 5s or 10m' });
}

/** A list of texts, or one text with commas. The parsed value is a list with at least one entry. */
export function list() {
  return z.union([z.array(z.string().min(1)).min(1), z.string().min(1)]).transform((value, context) => {
    const entries = (typeof value === 'string' ? value.split(',') : value).map((entry) => entry.trim()).filter(Boolean);
    if (entries.length === 0) context.addIssue({ code: 'custom', message: 'the list is empty' });
    return entries;
  });
}

/** Text with `{{ attribute }}` or `{{ attribute:-default }}`, filled in per record. */
export function template() {
  return parsed(Template.parse).meta({ title: 'a template, such as {{ name:-default }}' });
}

/** A condition on records, such as `level == "error" && message.contains("timeout")`: see {@link Condition}. */
export function condition() {
  return parsed(Condition.parse).meta({ title: 'a condition, such as level == "error"' });
}

/**
 * A regular expression: JavaScript's, `(?i)` in front of it and `(?P<name>...)` are taken too.
 * @param flags JavaScript's, besides those in front of it
 */
export function pattern(flags?: string) {
  return parsed((text) => parsePattern(text, flags)).meta({ title: 'a regular expression' });
}

/** What `parse` makes of a text; what it throws says what is wrong with it. */
function parsed<T>(parse: (text: string) => T) {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  });
}

/** A secret: the value itself, or `{ file: PATH }`. Masked wherever it is shown; read it with `ctx.secret`. */
export function secret() {
  return z
    .union([z.string().min(1), z.strictObject({ file: z.string().min(1) })])
    .meta({ secret: true, title: 'a secret: itself, or { file: PATH }' });
}

export type Secret = z.output<ReturnType<typeof secret>>;
