/** From a pipeline file to a valid desired state, and from one state to the next. Read: document, resolve, desired, diff. */
export type { Desired, DesiredComponent, Kind, RestartKey } from './desired.ts';
export { diff, isEmpty, needsRestart } from './diff.ts';
export { type PipelineDocument, parseDocument, readDocument } from './document.ts';
export { ConfigErrors } from './errors.ts';
export { type PluginSpecifier, pluginsOf } from './plugins.ts';
export { type ResolveScope, resolveDocument } from './resolve.ts';
export type { JsonValue } from './value.ts';
