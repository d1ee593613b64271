import { registerHooks } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LogcatchError, messageOf, type Origin, type Plugin } from '@logcatch/plugin-api';
import { placeOf } from './place-of.ts';

const api = '@logcatch/plugin-api';
/** Marks an npm name that is to be found from the pipeline file's folder, not from ours. */
const npmScheme = 'logcatch-npm:';

let hooked = false;

/**
 * Every plugin gets the plugin-api of the running logcatch, wherever its file lies: a second copy would have its own
 * `Batch`, and a single file outside any package has none.
 */
function hookResolution(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === api) return nextResolve(specifier, { ...context, parentURL: import.meta.url });
      if (!specifier.startsWith(npmScheme)) return nextResolve(specifier, context);
      const { name, from } = JSON.parse(decodeURIComponent(specifier.slice(npmScheme.length)));
      return nextResolve(name, { ...context, parentURL: from });
    },
  });
}

/**
 * Loads what an entry of `plugins:` names: a path relative to the pipeline file, or an npm package found from there.
 * @throws LC_PLUGIN_LOAD, LC_PLUGIN_SHAPE
 */
export async function loadPlugin(specifier: string, pipelineFile: string, origin?: Origin): Promise<Plugin[]> {
  hookResolution();
  const at = { ...(origin && { origin }), at: `plugins: ${specifier}` };
  const module = await import(urlOf(specifier, pipelineFile)).catch((cause) => {
    const place = isMissing(cause) ? undefined : placeOf(cause);
    const mend = place && { origin: place, hint: 'Mend it there.' };
    throw new LogcatchError('LC_PLUGIN_LOAD', explain(cause), { ...at, ...mend, cause });
  });
  const plugins: unknown[] = Array.isArray(module.default) ? module.default : [module.default];
  if (!plugins.every(isPlugin)) {
    throw new LogcatchError('LC_PLUGIN_SHAPE', 'its default export is not a plugin, nor a list of plugins', at);
  }
  return plugins;
}

/** Whether an entry of `plugins:` is a path; npm names are the others. */
export function isPath(specifier: string): boolean {
  return specifier.startsWith('./') || specifier.startsWith('../') || isAbsolute(specifier);
}

function urlOf(specifier: string, pipelineFile: string): string {
  if (isPath(specifier)) return pathToFileURL(resolve(dirname(pipelineFile), specifier)).href;
  const from = pathToFileURL(pipelineFile).href;
  return npmScheme + encodeURIComponent(JSON.stringify({ name: specifier, from }));
}

function isPlugin(value: unknown): value is Plugin {
  const { name, apply } = (value ?? {}) as Partial<Plugin>;
  return typeof name === 'string' && typeof apply === 'function';
}

function isMissing(error: unknown): boolean {
  return (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
}

function explain(error: unknown): string {
  const { code } = error as { code?: string };
  if (isMissing(error)) return `not found (${messageOf(error).split(' imported from')[0]})`;
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `${messageOf(error)}: only TypeScript that can be erased runs (no enum, namespace or parameter properties)`;
  }
  return messageOf(error);
}
