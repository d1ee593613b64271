import { styleText } from 'node:util';
import { didYouMean } from '@logcatch/core';
import type { AnyDefinition } from '@logcatch/plugin-api';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { optionRows } from './option-table.ts';

const kinds = ['config', 'input', 'transform', 'output'] as const;

/** `pipeline plugins [TYPE]`, with those of a pipeline file too. */
export async function plugins(type: string | undefined, { file }: { file?: string } = {}): Promise<void> {
  const engine = makeEngine('warn');
  try {
    if (file !== undefined) await engine.loadPlugins(file);
  } catch (error) {
    process.exitCode = printErrors(error);
    return;
  }
  const all: AnyDefinition[] = [];
  for (const kind of kinds) {
    for (const name of engine.typesOf(kind)) all.push((await engine.definition(kind, name))!);
  }
  const chosen = all.filter((definition) => type === undefined || definition.type === type);
  if (chosen.length === 0) {
    const types = all.map((definition) => definition.type);
    const near = didYouMean(type!, types) || '.';
    console.error(
      `There is no type "${type}"${near} There are: ${types.join(', ')}.${file === undefined ? ' Those of a pipeline file: --file FILE.' : ''}`,
    );
    process.exitCode = exitCode.invalid;
    return;
  }
  for (const definition of chosen) {
    console.log(`${styleText('bold', definition.type)} (${definition.kind})  ${definition.description}`);
    if (type !== undefined) printOptions(definition);
  }
}

function printOptions(definition: AnyDefinition): void {
  const rows = optionRows(definition.options);
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const { name, type, fallback, description } of rows) {
    const value = fallback === '' ? 'optional' : fallback === 'required' ? 'required' : `default ${fallback}`;
    console.log(
      `  ${name.padEnd(width)}  ${type}, ${value}${description ? `\n  ${' '.repeat(width)}  ${description}` : ''}`,
    );
  }
}
