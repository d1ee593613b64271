export { Agent, type AgentOptions } from './agent.ts';
export { dataDirOf } from './agent-place.ts';
export { ConfigView, type Explanation } from './config/config-view.ts';
export {
  ConfigErrors,
  checkedDocument,
  type Desired,
  type DesiredComponent,
  didYouMean,
  type PipelineDocument,
  readDocument,
  type Waiting,
} from './config/index.ts';
export { type JsonSchema, pipelineSchema } from './config/pipeline-schema.ts';
export { askAgent, followAgent } from './control/control-client.ts';
export type { FileList, ListedFile } from './control/file-list.ts';
export type { HttpStatus, PageFiles } from './control/http-endpoint.ts';
export type { TapLine, TappedRecord, TapRequest, TapTick } from './control/tap.ts';
export { parseTapFilter } from './control/tap-filter.ts';
export { tapQuery } from './control/taps.ts';
export { type Examination, examine } from './doctor/examine.ts';
export { type BundledPlugins, Engine, type EngineOptions } from './engine.ts';
export type { DeadLetter, LetterFilter } from './letters/dead-letter.ts';
export { dropLetters, type ReplayRequest, replayLetters } from './letters/dead-letter-commands.ts';
export { addReplayed, type Replayed, type ReplayStep, type ReplayTrouble } from './letters/dead-letter-replay.ts';
export { type LetterGroup, type LetterSummary, readLetters, summarize } from './letters/dead-letter-summary.ts';
export type { Buried, LettersUsage } from './letters/dead-letters.ts';
export { Log, type LogFormat, type LogLevel, logFormats, logLevels, writeToStderr } from './log.ts';
export type { DiscoveryCounts } from './status/counters.ts';
export type { LeftOver, Pipeline } from './pipeline/pipeline.ts';
export { BufferPool } from './pipeline/pool.ts';
export { sentence } from './pipeline/supervisor.ts';
export { placeOf } from './place-of.ts';
export { isPath } from './plugins.ts';
export type { SourceStatus } from './reload/config-sources.ts';
export { Configuration } from './reload/configuration.ts';
export type { ChangeNote, ConfigurationChange } from './reload/configuration-change.ts';
export type { FilePlan } from './reload/file-plan.ts';
export { planLine } from './reload/plan-line.ts';
export { type CheckpointAccess, seekTarget, withCheckpoints } from './state/checkpoint-commands.ts';
export {
  type Checkpoint,
  type InputExplanation,
  type Move,
  nothingKnown,
  type PathReport,
  unknownPath,
} from './state/checkpoints.ts';
export type { PathHistory, SourceEnding } from './state/ended-sources.ts';
export { Fates } from './state/fates.ts';
export { type Account, type Bytes, emptyAccount, Ledger, type StoredLedger, total } from './state/ledger.ts';
export { type AgentStatus, type ComponentStatus, type InputFigures, isNews } from './status/agent-status.ts';
export { type LaneFigures, lanesOf } from './status/lanes.ts';
export { type GraphNode, graphOf, type PipelineGraph } from './status/pipeline-graph.ts';
export type { RecentError } from './status/recent-errors.ts';
export type { AgentReport } from './status/reporter.ts';
