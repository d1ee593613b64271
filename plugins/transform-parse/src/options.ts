import { groupsOf, list, pattern, z } from '@logcatch/plugin-api';

export const options = z
  .strictObject({
    format: z
      .enum(['json', 'logfmt', 'regex', 'combined'])
      .describe('combined: access logs of Apache and nginx, also without referer and agent.'),
    pattern: pattern()
      .refine(
        (pattern) => groupsOf(pattern).length > 0,
        'it names no groups, so nothing would be found: write `(?<status>\\d+)` instead of `(\\d+)`',
      )
      .optional()
      .describe('For `format: regex`: a regular expression of JavaScript whose named groups are the fields.'),
    field: z.string().min(1).default('message').describe('What is parsed: the text of the record, or an attribute.'),
    include: list().optional().describe('Only these fields become attributes.'),
    prefix: z.string().default('').describe('What the names of the attributes begin with.'),
    overwrite: z
      .boolean()
      .default(false)
      .describe('Whether fields replace attributes that are there, such as `path`, or the `topic` of an input.'),
    message: z.string().min(1).optional().describe('The field that becomes the text of the record.'),
  })
  .refine(({ format, pattern }) => format !== 'regex' || pattern, {
    message: '`format: regex` needs a `pattern`',
    path: ['pattern'],
  })
  .refine(({ format, pattern }) => format === 'regex' || !pattern, {
    message: 'a `pattern` is for `format: regex`',
    path: ['pattern'],
  });

export type Options = z.output<typeof options>;
