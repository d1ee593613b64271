export { Agent, type AgentOptions } from './agent.ts';
export { ConfigErrors, type Desired, type DesiredComponent } from './config/index.ts';
export { type BundledPlugins, Engine, type EngineOptions } from './engine.ts';
export { Log, type LogFormat, type LogLevel, logFormats, logLevels, writeToStderr } from './log.ts';
export type { LeftOver, Pipeline } from './pipeline.ts';
export { BufferPool } from './pool.ts';
