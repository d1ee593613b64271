import { dirname, resolve } from 'node:path';
import { type Attributes, abortable, within } from '@logcatch/plugin-api';
import type { Desired } from '../config/index.ts';
import type { Engine } from '../engine.ts';
import { pipelineHooks } from '../hooks.ts';
import { Marks } from '../output/marks.ts';
import type { PipelineEnvironment } from '../pipeline/node.ts';
import { OutputNode } from '../pipeline/output-node.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { BufferPool } from '../pipeline/pool.ts';
import { Progress } from '../pipeline/progress.ts';
import { stopNodes } from '../pipeline/stopping.ts';
import { Configuration } from '../reload/configuration.ts';
import { Checkpointer } from '../state/checkpointer.ts';
import type { Store } from '../state/store.ts';
import type { ReplayTargets } from './dead-letter-replay.ts';
import type { DeadLetters } from './dead-letters.ts';

/** Milliseconds for an output to start. One that has neither started nor failed by then is written to all the same. */
const startPatience = 15_000;

/** The outputs of the pipeline that runs. */
export function runningTargets(pipeline: Pipeline): ReplayTargets {
  return {
    output: async (id) => pipeline.outputs.find((output) => output.id === id),
    attributes: (input) => attributesIn(pipeline.desired, input),
  };
}

export interface StoppedAgent {
  readonly engine: Engine;
  /** The pipeline file. */
  readonly file: string;
  /** Holds the lock of data_dir. */
  readonly store: Store;
  readonly letters: DeadLetters;
}

/** The outputs of a pipeline that does not run: each is started when it is asked for, and nothing else is. */
export class StoppedTargets implements ReplayTargets {
  readonly #configuration: Configuration;
  readonly #desired: Desired;
  readonly #environment: PipelineEnvironment;
  readonly #nodes = new Map<string, OutputNode>();

  /** @throws ConfigErrors */
  static async open({ engine, file, store, letters }: StoppedAgent): Promise<StoppedTargets> {
    const configuration = new Configuration(engine, await engine.read(file), { store });
    try {
      const desired = await configuration.start();
      const environment: PipelineEnvironment = {
        hooks: pipelineHooks((error) => engine.log.error(error.describe())),
        log: engine.log,
        pool: new BufferPool(desired.maxBytes),
        store,
        checkpointer: new Checkpointer(store, { checkpointed() {}, trouble() {} }),
        deadLetters: letters,
        progress: new Progress(),
        agentId: desired.agentId ?? store.agentId(),
        marks: new Marks(),
        host: engine.host,
        now: engine.now,
        dataDir: desired.dataDir,
        once: true,
        failed: () => {},
        resolve: (path) => resolve(dirname(desired.file), path),
      };
      engine.hooks.pipeline.call({ name: desired.name, hooks: environment.hooks });
      return new StoppedTargets(configuration, desired, environment);
    } catch (error) {
      await configuration.stop();
      throw error;
    }
  }

  private constructor(configuration: Configuration, desired: Desired, environment: PipelineEnvironment) {
    this.#configuration = configuration;
    this.#desired = desired;
    this.#environment = environment;
  }

  /** @throws why it cannot be started */
  async output(id: string): Promise<OutputNode | undefined> {
    const component = this.#desired.outputs.find((output) => output.id === id);
    if (!component) return undefined;
    const node = this.#nodes.get(id) ?? new OutputNode(component, this.#environment);
    this.#nodes.set(id, node);
    node.place();
    node.start();
    const fault = await within(startPatience, (signal) => abortable(node.tried, signal)).catch(() => undefined);
    if (fault) throw fault;
    return node;
  }

  attributes(input: string): Attributes {
    return attributesIn(this.#desired, input);
  }

  async close(): Promise<void> {
    const { log, checkpointer } = this.#environment;
    const deadline = Date.now() + this.#desired.shutdownTimeout;
    await stopNodes([...this.#nodes.values()], deadline, (error) => log.error(error.describe()));
    checkpointer.close();
    await this.#configuration.stop();
  }
}

/** What the pipeline file gives to an input's records; nothing where there is no such input. */
function attributesIn({ inputs }: Desired, input: string): Attributes {
  return inputs.find(({ id }) => id === input)?.attributes ?? {};
}
