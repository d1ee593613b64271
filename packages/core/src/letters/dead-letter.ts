import { type Batch, type Refused, z } from '@logcatch/plugin-api';

const texts = z.record(z.string(), z.string());

const schema = z.object({
  /** When it was refused first, in ISO 8601. */
  time: z.iso.datetime(),
  output: z.string(),
  /** Code and message of the error it was refused with, the last time that it was. */
  code: z.string(),
  reason: z.string(),
  /** Where it was to go, e.g. a topic, where the output has said that. */
  target: z.string().optional(),
  input: z.string(),
  path: z.string(),
  /** Key of its source in data_dir. */
  source: z.number(),
  /** Its position in its source. */
  offset: z.number(),
  /** What every record of its source had in common. */
  attributes: texts,
  /** Attributes of this record alone, as transforms made them. */
  computed: texts.optional(),
  /** The record, where it is valid UTF-8. */
  value: z.string().optional(),
  /** The record, where it is not. */
  value_base64: z.base64().optional(),
});

/** A record that an output refused for good: a line of JSON in the dead letters. */
export type DeadLetter = Readonly<z.infer<typeof schema>>;

/** Which dead letters are meant; all of them, where it says nothing. */
export interface LetterFilter {
  /** Id of the output that refused them. */
  readonly output?: string | undefined;
  /** Code of the error they were refused with. */
  readonly code?: string | undefined;
  /** Refused first at this time or earlier; milliseconds since the epoch. */
  readonly before?: number | undefined;
}

export function letterOf(output: string, batch: Batch, { index, reason, target }: Refused, now: number): DeadLetter {
  const bytes = batch.bytes(index);
  const value = bytes.toString('utf8');
  const exact = Buffer.from(value).equals(bytes);
  const computed = computedOf(batch, index);
  const { source } = batch;
  return {
    time: new Date(now).toISOString(),
    output,
    code: reason.code,
    reason: reason.message,
    ...(target !== undefined && { target }),
    input: source.input,
    path: source.path,
    source: source.key,
    offset: batch.offset(index),
    attributes: batch.attributes,
    ...(computed && { computed }),
    ...(exact ? { value } : { value_base64: bytes.toString('base64') }),
  };
}

/** A whole line, its end included. */
export function letterLine(letter: DeadLetter): Buffer {
  return Buffer.from(`${JSON.stringify(letter)}\n`);
}

/** `undefined`: this is none. */
export function readLetter(line: Buffer): DeadLetter | undefined {
  try {
    return schema.safeParse(JSON.parse(line.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** The record's exact bytes. */
export function bytesOf({ value, value_base64 = '' }: DeadLetter): Buffer {
  return value === undefined ? Buffer.from(value_base64, 'base64') : Buffer.from(value);
}

export function matches(letter: DeadLetter, { output, code, before }: LetterFilter): boolean {
  return (
    (output === undefined || letter.output === output) &&
    (code === undefined || letter.code === code) &&
    (before === undefined || Date.parse(letter.time) <= before)
  );
}

function computedOf(batch: Batch, index: number): Record<string, string> | undefined {
  const entries: [string, string][] = [];
  for (const name of batch.columns) {
    const value = batch.attribute(name, index);
    if (value !== undefined) entries.push([name, value]);
  }
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
