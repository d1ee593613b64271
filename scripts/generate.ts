/**
 * `pnpm generate`: writes what is made from code into the docs: docs/errors.md, docs/pipeline.schema.json, the metrics in
 * docs/operating.md, the keys in docs/pipeline-file.md, and the option tables of the plugins' READMEs.
 * With --check it writes nothing and fails where something is stale.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JsonSchema } from '@logcatch/core';
import { errorTable } from '@logcatch/plugin-api';
import { bundled } from '../packages/cli/src/bundled.ts';
import { markdownTable, optionRows } from '../packages/cli/src/option-table.ts';
import { schemaFor } from '../packages/cli/src/schema.ts';
import { coreFields } from '../packages/core/src/config/core-fields.ts';
import { settingsSchema } from '../packages/core/src/config/settings.ts';
import { metrics } from '../packages/core/src/status/metrics.ts';

const path = (relative: string) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const stale: string[] = [];

function write(file: string, text: string): void {
  const old = existsSync(path(file)) ? readFileSync(path(file), 'utf8') : '';
  if (old === text) return;
  if (process.argv.includes('--check')) stale.push(file);
  else writeFileSync(path(file), text);
}

/** As `pnpm format` leaves it. */
function formatted(text: string, file: string): string {
  const biome = path('node_modules/.bin/biome');
  return execFileSync(biome, ['format', `--stdin-file-path=${file}`], {
    input: text,
    cwd: path('.'),
    encoding: 'utf8',
  });
}

function errors(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { summary, hint, retriable }]) => `| \`${code}\` | ${summary} | ${hint} | ${retriable ? 'yes' : 'no'} |`,
  );
  return `# Errors

Written by \`pnpm generate\` from \`packages/plugin-api/src/errors.ts\`. "Tried again" says whether logcatch tries again by itself.

| code | what happened | what to do | tried again |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

/** Puts a text between the two comments of this name. */
function fill(file: string, name: string, text: string): void {
  // A function, since a description may say `$1`.
  const whole = (_: string, begin: string, end: string) => `${begin}\n${text}\n\n${end}`;
  const between = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`);
  write(file, readFileSync(path(file), 'utf8').replace(between, whole));
}

function metricsTable(): string {
  const rows = metrics.map(({ name, type, labels, help }) => {
    return `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
  });
  return ['| metric | type | labels | what it is |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The keys of a pipeline file; those that are no settings hold components, plugins and tests. */
function settingsTable({ properties = {}, required = [] }: JsonSchema): string {
  const settings = optionRows(settingsSchema);
  const named = new Set(settings.map(({ name }) => name));
  const rest = Object.entries(properties).filter(([name]) => !named.has(name));
  const sections = rest.map(([name, { type, items, description }]) => ({
    name,
    type: items ? 'list of text' : type?.includes('array') ? 'list' : 'map',
    fallback: required.includes(name) ? 'required' : '',
    description: String(description),
  }));
  return markdownTable([...sections, ...settings]);
}

/** A type of each kind, which has the fields that belong to the core. */
const examples = { input: 'input-file-tail', transform: 'transform-drop-blank', output: 'output-console' };

function componentsTable({ $defs = {} }: JsonSchema): string {
  const fields = new Map<string, { readonly of: string[]; readonly description: unknown }>();
  for (const [kind, example] of Object.entries(examples) as [keyof typeof examples, string][]) {
    const { properties } = ($defs as Record<string, JsonSchema>)[example]!;
    for (const name of coreFields[kind]) {
      if (!fields.has(name)) fields.set(name, { of: [], description: properties![name]!.description });
      fields.get(name)!.of.push(`${kind}s`);
    }
  }
  const rows = [...fields].map(([name, { of, description }]) => `| \`${name}\` | ${of.join(', ')} | ${description} |`);
  return ['| field | of | what it is |', '| --- | --- | --- |', ...rows].join('\n');
}

const schema = await schemaFor();
write('docs/errors.md', errors());
fill('docs/pipeline-file.md', 'settings', settingsTable(schema));
fill('docs/pipeline-file.md', 'components', componentsTable(schema));
fill('docs/operating.md', 'metrics', metricsTable());
write('docs/pipeline.schema.json', formatted(JSON.stringify(schema), 'docs/pipeline.schema.json'));
for (const [kind, types] of Object.entries(bundled)) {
  for (const [type, load] of Object.entries(types)) {
    const file = `plugins/${kind}-${type}/README.md`;
    const { definition } = await load();
    const rows = optionRows(definition.options);
    const table = rows.length > 0 ? markdownTable(rows) : 'None.';
    fill(file, 'options', table);
  }
}
if (stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run \`pnpm generate\` and commit what it writes.`);
  process.exitCode = 1;
}
