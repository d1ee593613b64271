import { type JsonSchema, pipelineSchema } from '@logcatch/core';
import { makeEngine, printErrors } from './engine.ts';

/** `pipeline schema [FILE]`: for editors. With a file, with the component types of its plugins. */
export async function schema(file: string | undefined): Promise<void> {
  try {
    console.log(JSON.stringify(await schemaFor(file), undefined, 2));
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

/** @throws ConfigErrors */
export async function schemaFor(file?: string): Promise<JsonSchema> {
  const engine = makeEngine('error');
  if (file !== undefined) await engine.read(file);
  const kinds = ['config', 'input', 'transform', 'output'] as const;
  const definitions = kinds.flatMap((kind) => engine.typesOf(kind).map((type) => engine.definition(kind, type)));
  return pipelineSchema(
    (await Promise.all(definitions)).filter((one) => one !== undefined),
    file !== undefined,
  );
}
