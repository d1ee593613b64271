export { Agent, type AgentOptions } from './agent.ts';
export { dataDirOf } from './agent-place.ts';
export { type AgentStatus, type ComponentStatus, type InputFigures, isNews } from './agent-status.ts';
export { type CheckpointAccess, seekTarget, withCheckpoints } from './checkpoint-commands.ts';
export {
  type Checkpoint,
  type InputExplanation,
  type Move,
  nothingKnown,
  type PathReport,
  unknownPath,
} from './checkpoints.ts';
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
export type { SourceStatus } from './config-sources.ts';
export { ConfigView, type Explanation } from './config-view.ts';
export { Configuration } from './configuration.ts';
export type { ChangeNote, ConfigurationChange } from './configuration-change.ts';
export { askAgent, followAgent } from './control-client.ts';
export type { DeadLetter, LetterFilter } from './dead-letter.ts';
export { dropLetters, type ReplayRequest, replayLetters } from './dead-letter-commands.ts';
export { addReplayed, type Replayed, type ReplayStep, type ReplayTrouble } from './dead-letter-replay.ts';
export { type LetterGroup, type LetterSummary, readLetters, summarize } from './dead-letter-summary.ts';
export type { Buried, LettersUsage } from './dead-letters.ts';
export type { DiscoveryCounts } from './discoveries.ts';
export { type Examination, examine } from './doctor/examine.ts';
export type { PathHistory, SourceEnding } from './ended-sources.ts';
export { type BundledPlugins, Engine, type EngineOptions } from './engine.ts';
export { Fates } from './fates.ts';
export type { FileList, ListedFile } from './file-list.ts';
export type { FilePlan } from './file-plan.ts';
export type { HttpStatus, PageFiles } from './http-endpoint.ts';
export { type LaneFigures, lanesOf } from './lanes.ts';
export { type Account, type Bytes, emptyAccount, Ledger, type StoredLedger, total } from './ledger.ts';
export { Log, type LogFormat, type LogLevel, logFormats, logLevels, writeToStderr } from './log.ts';
export type { LeftOver, Pipeline } from './pipeline.ts';
export { type GraphNode, graphOf, type PipelineGraph } from './pipeline-graph.ts';
export { type JsonSchema, pipelineSchema } from './pipeline-schema.ts';
export { planLine } from './plan-line.ts';
export { isPath } from './plugins.ts';
export { BufferPool } from './pool.ts';
export type { RecentError } from './recent-errors.ts';
export type { AgentReport } from './reporter.ts';
export { sentence } from './supervisor.ts';
export type { TapLine, TappedRecord, TapRequest, TapTick } from './tap.ts';
export { parseTapFilter } from './tap-filter.ts';
export { tapQuery } from './taps.ts';
