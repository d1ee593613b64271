import { duration, pattern, z } from '@logcatch/plugin-api';

const some = z.union([z.string(), z.array(z.string()).min(1)]);

/** What `contains` and `matches` say of a text. */
const part = { contains: some.optional(), matches: pattern().optional() };

/** A text as it is, or what it holds; `null`: there is none. */
const text = z.union([z.string(), z.null(), z.strictObject(part)]);

/** A record: its value, or that and more. What an output says besides (topic, key, ...) stands under its own name. */
const record = z.union([
  z.string(),
  z
    .object({
      value: z.string().optional(),
      ...part,
      json: z.unknown().optional(),
      attributes: z.record(z.string(), text).optional(),
    })
    .catchall(z.union([text, z.record(z.string(), text)])),
]);

/** Records in their order, or how many. */
const records = z.union([z.number().int().nonnegative(), z.array(record)]);

const step = z.strictObject({
  input: z.string().optional(),
  path: z.string().min(1).optional(),
  attributes: z.record(z.string(), z.string()).optional(),
  lines: some,
  after: duration().optional(),
});

const environment = {
  env: z.record(z.string(), z.string()).default({}),
  config: z.record(z.string(), z.unknown()).default({}),
};

const oneTest = z.strictObject({
  name: z.string().min(1),
  ...environment,
  given: z.union([z.string(), step, z.array(z.union([z.string(), step])).min(1)]),
  expect: z
    .strictObject({
      outputs: z.record(z.string(), records).optional(),
      exits: z.record(z.string(), records).optional(),
      dead_letters: z.record(z.string(), records).optional(),
      dropped: records.optional(),
    })
    .refine((expected) => Object.keys(expected).length > 0, 'a test that expects nothing cannot fail'),
});

/** `tests:` of a pipeline file. */
export const testsSchema = z.strictObject({ tests: z.array(oneTest).min(1) });

/** A file of tests. */
export const testFileSchema = z.strictObject({
  pipeline: z.string().min(1).optional(),
  ...environment,
  ...testsSchema.shape,
});

export type Text = z.output<typeof text>;
export type Part = z.output<z.ZodObject<typeof part>>;
export type ExpectedRecord =
  | string
  | (Part & {
      readonly value?: string | undefined;
      readonly json?: unknown;
      readonly attributes?: Readonly<Record<string, Text>> | undefined;
      readonly [field: string]: unknown;
    });
export type ExpectedRecords = number | readonly ExpectedRecord[];
export type GivenStep = z.output<typeof step>;
export type OneTest = z.output<typeof oneTest>;
