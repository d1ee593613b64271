import { constants, existsSync, statSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { type Examined, type Finding, nearestThere } from '@logcatch/plugin-api';
import { explain } from './failure.ts';
import type { Options } from './options.ts';
import { Paths } from './paths.ts';

/** Whether all outputs can write where they are to. Nothing is made there. */
export async function* diagnose(components: readonly Examined<Options>[]): AsyncGenerator<Finding> {
  for (const { options, context } of components) {
    const resolve = (path: string) => context.resolve(path);
    const { folder, single } = new Paths(options.path, resolve);
    const file = resolve(options.path.text);
    if (single && existsSync(file)) yield await writable(context.id, file);
    else yield await makeable(context.id, folder);
  }
}

async function makeable(id: string, folder: string): Promise<Finding> {
  const there = nearestThere(folder);
  if (!statSync(there).isDirectory()) {
    const hint = 'Set another `path`, or move away what is there.';
    return { level: 'problem', what: `${id}: ${there} is no folder, so ${folder} cannot be made`, hint };
  }
  const made = there === folder ? '' : `, which can be made in ${there}`;
  return refused(id, there, constants.W_OK | constants.X_OK).then(
    (problem) => problem ?? { level: 'ok', what: `${id}: writes to ${folder}${made}` },
  );
}

async function writable(id: string, file: string): Promise<Finding> {
  if (statSync(file).isDirectory()) {
    return { level: 'problem', what: `${id}: ${file} is a folder`, hint: 'Name a file in `path`.' };
  }
  return (await refused(id, file, constants.W_OK)) ?? { level: 'ok', what: `${id}: writes to ${file}` };
}

async function refused(id: string, path: string, mode: number): Promise<Finding | undefined> {
  try {
    await access(path, mode);
    return undefined;
  } catch (error) {
    const { message, hint } = explain(error, path);
    return { level: 'problem', what: `${id}: ${message}`, hint };
  }
}
