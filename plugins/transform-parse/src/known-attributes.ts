import { groupsOf } from '@logcatch/plugin-api';
import { combinedFields } from './combined.ts';
import { reserved } from './fields.ts';
import type { Options } from './options.ts';

/** Attributes that records may get, where they do not depend on what stands in them. */
export function knownAttributes({ format, pattern, include, prefix, message }: Options): readonly string[] | undefined {
  const fields = fieldsOf(format, pattern);
  const wanted = include && fields ? fields.filter((name) => include.includes(name)) : (include ?? fields);
  const attributes = wanted?.filter((name) => name !== message).map((name) => prefix + name);
  return attributes && ['parse_error', ...attributes.filter((name) => !reserved.includes(name))];
}

function fieldsOf(format: Options['format'], pattern: RegExp | undefined): readonly string[] | undefined {
  if (format === 'combined') return combinedFields;
  return format === 'regex' ? groupsOf(pattern!) : undefined;
}
