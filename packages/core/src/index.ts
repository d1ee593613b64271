export { Agent, type AgentOptions } from './agent.ts';
export { ConfigErrors, type Desired, type DesiredComponent, type Waiting } from './config/index.ts';
export type { SourceStatus } from './config-sources.ts';
export { Configuration } from './configuration.ts';
export { type BundledPlugins, Engine, type EngineOptions } from './engine.ts';
export { Log, type LogFormat, type LogLevel, logFormats, logLevels, writeToStderr } from './log.ts';
export type { LeftOver, Pipeline } from './pipeline.ts';
export { BufferPool } from './pool.ts';
