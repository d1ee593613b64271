import { graphOf } from '@logcatch/core';
import { configured, printTrouble } from './configured.ts';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { type GraphFormat, graphText } from './graph-text.ts';

export interface GraphFlags {
  readonly format: GraphFormat;
  readonly online?: boolean;
}

/** `pipeline graph FILE`: the pipeline as a picture, for Mermaid or Graphviz. */
export async function graph(file: string, { format, online = false }: GraphFlags): Promise<void> {
  try {
    process.exitCode = await configured(makeEngine('error'), file, online, (configuration, desired) => {
      console.log(graphText(graphOf(desired, configuration.loaded), format));
      return online ? printTrouble(configuration.sources) : exitCode.done;
    });
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}
