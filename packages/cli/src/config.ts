import { ConfigView, type Explanation, type SourceStatus } from '@logcatch/core';
import type { Origin } from '@logcatch/plugin-api';
import { configured, printTrouble } from './configured.ts';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { period, plainLine } from './text.ts';

export interface ConfigFlags {
  readonly origin?: string;
  readonly online?: boolean;
}

/** `pipeline config FILE`: what the file resolves to, or where one value of that came from. */
export async function config(file: string, { origin, online = false }: ConfigFlags): Promise<void> {
  try {
    const engine = makeEngine('error');
    process.exitCode = await configured(engine, file, online, (configuration, desired) => {
      const { loaded, values, sources } = configuration;
      const view = new ConfigView({ desired, loaded, values, sources, env: process.env, host: engine.host });
      const trouble = printTrouble(sources);
      const lines =
        origin === undefined
          ? view.yaml.trimEnd().split('\n').map(plainLine)
          : [explanationText(view.explain(origin), Date.now())];
      process.stdout.write(`${lines.join('\n')}\n`);
      return online ? trouble : exitCode.done;
    });
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}

/** @param now milliseconds since the epoch */
export function explanationText({ text, from, sources, through, inner }: Explanation, now: number): string {
  return [
    ...text.split('\n').map(plainLine),
    `  from     ${plainLine(from)}`,
    ...sources.map((source) => plainLine(`  source   ${sourceText(source, now)}`)),
    ...(through ? [plainLine(`  through  ${through.text} at ${placeText(through.origin)}`)] : []),
    ...inner.map((one) => explanationText(one, now)),
  ].join('\n');
}

function sourceText({ name, type, revision, loadedAt }: SourceStatus, now: number): string {
  const of = revision === undefined ? '' : `, revision ${revision}`;
  return `${name} (${type})${of}${loadedAt === undefined ? '' : `, loaded ${period(now - loadedAt)} ago`}`;
}

function placeText({ file, line, column }: Origin): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}
