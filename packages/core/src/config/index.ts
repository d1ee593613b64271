/** From a pipeline file to a valid desired state, and from one state to the next. Read: document, resolve, desired, diff. */
export { checkedDocument } from './checked.ts';
export type { Desired, DesiredComponent, Kind, RestartKey, Waiting } from './desired.ts';
export { diff, isEmpty, isSameSource, needsRestart, type Renamed, renamedInputs } from './diff.ts';
export { type PipelineDocument, parseDocument, readDocument, readText } from './document.ts';
export { ConfigErrors } from './errors.ts';
export { addressText, type DesiredHttp, isLoopback } from './http.ts';
export { parseLoaded } from './loaded.ts';
export { type PluginSpecifier, pluginsOf } from './plugins.ts';
export { type ResolveScope, resolveDocument, resolveSettings } from './resolve.ts';
export type { Settings } from './settings.ts';
export type { DesiredSource, SourceTypes, SourceValues } from './source-section.ts';
export { type ConfigValue, type JsonValue, plainOf } from './value.ts';
export { didYouMean } from './wording.ts';
