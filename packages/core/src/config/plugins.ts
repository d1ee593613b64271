import type { Origin } from '@logcatch/plugin-api';
import type { PipelineDocument } from './document.ts';
import { Problems } from './problem.ts';
import { type ConfigValue, configValue, plainOf, reportKind, valueAt } from './value.ts';
import { quote } from './wording.ts';

/** One line of `plugins:`. */
export interface PluginSpecifier {
  /** A path (relative to the pipeline file) or an npm name, as written. */
  readonly specifier: string;
  readonly origin: Origin;
}

/**
 * The `plugins:` of a pipeline file. They come before everything else, because they bring the component types.
 * @throws {ConfigErrors}
 */
export function pluginsOf(document: PipelineDocument): PluginSpecifier[] {
  const problems = new Problems();
  const plugins = readPlugins(configValue(document.value, document, problems), problems);
  problems.check(document.originOf([]).file);
  return plugins;
}

/** Reads `plugins:` of a document, and reports what is wrong with it. `${}` is not resolved: what runs here stands here. */
export function readPlugins(root: ConfigValue, problems: Problems): PluginSpecifier[] {
  const list = valueAt(root, ['plugins']);
  if (list === undefined || (list.kind === 'scalar' && list.scalar === null)) return [];
  if (list.kind !== 'list') {
    reportKind(list, ['plugins'], 'a list of paths and npm names', problems);
    return [];
  }
  const plugins = new Map<string, PluginSpecifier>();
  for (const [index, item] of list.items.entries()) {
    const path = ['plugins', index];
    const specifier = plainOf(item);
    if (typeof specifier !== 'string' || specifier.trim() === '') {
      reportKind(item, path, 'a path or an npm name', problems);
      continue;
    }
    const refuse = (message: string, hint: string) =>
      problems.add({ code: 'LC_CONFIG_VALUE', path, origin: item.origin, message, hint });
    if (specifier.includes('${')) refuse('`${}` is not resolved here', 'Write the path or the npm name itself.');
    else if (plugins.has(specifier)) refuse(`${quote(specifier)} is listed twice`, 'Remove one of them.');
    else plugins.set(specifier, { specifier, origin: item.origin });
  }
  return [...plugins.values()];
}
