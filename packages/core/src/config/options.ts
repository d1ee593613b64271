import { messageOf, type z } from '@logcatch/plugin-api';
import { parseCoerced } from './coerce.ts';
import { type Reading, reportFinding } from './finding-report.ts';
import { findings } from './issues.ts';
import { isComplete, type JsonValue, type MapValue, plainOf, valueAt } from './value.ts';

export interface Options<Schema extends z.ZodType> {
  /** As the schema's transformations leave them. */
  readonly parsed: z.output<Schema>;
  /** As written, `${}` resolved, texts from sources without types converted. */
  readonly resolved: JsonValue;
}

/** Validates options, and reports everything that is wrong with them. */
export function readOptions<Schema extends z.ZodType>(
  schema: Schema,
  value: MapValue,
  reading: Reading,
): Options<Schema> | undefined {
  const before = reading.problems.size;
  try {
    const { plain, result } = parseCoerced(schema, value, plainOf(value));
    if (result.success) return { parsed: result.data, resolved: plain };
    // A check of the whole must not complain about what could not be resolved: that was reported.
    const complete = isComplete(value);
    for (const finding of findings(result.error.issues)) {
      if (valueAt(value, finding.path)?.kind === 'unresolved' || (!complete && finding.kind === 'other')) continue;
      reportFinding(finding, { schema, value, reading });
    }
    if (complete && reading.problems.size === before) {
      const message = 'the options do not fit, and the schema does not say why';
      reading.problems.add({
        code: 'LC_CONFIG_VALUE',
        path: reading.path,
        origin: reading.origin,
        message,
        hint: reading.hint,
      });
    }
  } catch (error) {
    reading.problems.add({
      code: 'LC_PLUGIN_THREW',
      path: reading.path,
      origin: reading.origin,
      message: `the schema of the options threw: ${messageOf(error)}`,
      hint: 'Ask the author of the plugin: a schema must be synchronous, and must not throw.',
    });
  }
  return undefined;
}
