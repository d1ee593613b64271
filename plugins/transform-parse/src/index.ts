import { defineTransform } from '@logcatch/plugin-api';
import { combined } from './combined.ts';
import { json } from './json.ts';
import { knownAttributes } from './known-attributes.ts';
import { logfmt } from './logfmt.ts';
import { options } from './options.ts';
import { Parse } from './parse.ts';
import { regex } from './regex.ts';

export default defineTransform({
  type: 'parse',
  description: 'Makes attributes of what stands in records: JSON, logfmt, access logs, or by a regular expression.',
  options,
  summarize: ({ format, field }) => `${format} in ${field}`,
  sets: knownAttributes,
  create: ({ format, pattern, ...options }, context) => {
    const formats = { json, logfmt, combined };
    return new Parse(format === 'regex' ? regex(pattern!) : formats[format], options, context);
  },
});
