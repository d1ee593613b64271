import type { Log } from '../log.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { CheckpointOwner, LiveSource } from './checkpoints.ts';
import type { Store } from './store.ts';

/** The running agent as the owner of its checkpoints. */
export function ownerOf(pipeline: Pipeline, store: Store, checkpointer: Checkpointer, log: Log): CheckpointOwner {
  return {
    store,
    inputs: () => pipeline.inputs,
    flush: () => checkpointer.flush(),
    moved: ({ input, path, from, to }) => log.answer('info', 'a command moved a checkpoint', { input, path, from, to }),
    live() {
      const live = new Map<number, LiveSource>();
      for (const input of pipeline.inputs) {
        for (const source of input.sources) {
          const { currentPath, pausedBy } = source;
          live.set(source.key, {
            currentPath,
            pausedBy,
            get stuckIn() {
              return pipeline.outputs.flatMap((output) => {
                const reason = output.stuckFor(source);
                return reason ? [{ output: output.id, why: reason.describe() }] : [];
              });
            },
            get over() {
              return source.ended !== undefined;
            },
            seek: (position) => input.rewind(source, position),
          });
        }
      }
      return live;
    },
  };
}
