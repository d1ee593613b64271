import { Configuration } from '@logcatch/core';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';

/** `pipeline check FILE`: offline; says everything that is wrong, or what would run. */
export async function check(file: string): Promise<void> {
  try {
    const engine = makeEngine('error');
    const configuration = new Configuration(engine, await engine.read(file), undefined, () => {});
    const { name, inputs, transforms, outputs } = await configuration.start().finally(() => configuration.stop());
    for (const { kind, id, type, definition, options } of [...inputs, ...transforms, ...outputs]) {
      console.log(`${kind.padEnd(10)} ${id}  ${type}  ${definition.summarize?.(options) ?? ''}`.trimEnd());
    }
    console.log(`${name} is valid.`);
    process.exitCode = exitCode.done;
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}
