import type { EngineHooks, LogcatchError, PipelineHooks } from '@logcatch/plugin-api';
import { AsyncSeriesBailHook, AsyncSeriesHook, AsyncSeriesWaterfallHook, SyncBailHook, SyncHook } from 'tapable';
import { guard } from './guard.ts';

type Blame = (error: LogcatchError) => void;

/** Hooks whose taps may refuse (components, config, beforeReload) are not guarded: their throw is their answer. */
export function engineHooks(blame: Blame): EngineHooks {
  return Object.freeze({
    components: new SyncHook(['components']),
    config: new AsyncSeriesWaterfallHook(['document']),
    pipeline: guard(new SyncHook(['pipeline']), 'engine.hooks.pipeline', blame),
    beforeReload: new AsyncSeriesHook(['plan']),
    reloaded: guard(new SyncHook(['outcome']), 'engine.hooks.reloaded', blame),
    shutdown: guard(new AsyncSeriesHook([]), 'engine.hooks.shutdown', blame),
  } satisfies EngineHooks);
}

export function pipelineHooks(blame: Blame): PipelineHooks {
  return Object.freeze({
    link: guard(new SyncBailHook(['edge']), 'pipeline.hooks.link', blame),
    linked: guard(new SyncHook(['node']), 'pipeline.hooks.linked', blame),
    discovered: guard(new SyncHook(['discovery']), 'pipeline.hooks.discovered', blame),
    delivered: guard(new SyncHook(['delivered']), 'pipeline.hooks.delivered', blame),
    refused: guard(new AsyncSeriesBailHook(['refusal']), 'pipeline.hooks.refused', blame),
    checkpointed: guard(new SyncHook(['sources']), 'pipeline.hooks.checkpointed', blame),
    status: guard(new SyncHook(['component', 'status']), 'pipeline.hooks.status', blame),
    // An observer of errors that throws must not be told about itself.
    error: guard(new SyncHook(['error']), 'pipeline.hooks.error', () => {}),
  } satisfies PipelineHooks);
}
