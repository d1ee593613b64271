import { styleText } from 'node:util';
import { didYouMean } from '@logcatch/core';
import type { AnyDefinition } from '@logcatch/plugin-api';
import { makeEngine } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { optionRows } from './option-table.ts';

const kinds = ['config', 'input', 'transform', 'output'] as const;

/** `pipeline plugins [TYPE]`. */
export async function plugins(type: string | undefined): Promise<void> {
  const engine = makeEngine('warn');
  const all: AnyDefinition[] = [];
  for (const kind of kinds) {
    for (const name of engine.typesOf(kind)) all.push((await engine.definition(kind, name))!);
  }
  const chosen = all.filter((definition) => type === undefined || definition.type === type);
  if (chosen.length === 0) {
    const types = all.map((definition) => definition.type);
    const near = didYouMean(type!, types) || '.';
    console.error(`There is no type "${type}"${near} There are: ${types.join(', ')}.`);
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
