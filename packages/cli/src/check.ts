import { Configuration } from '@logcatch/core';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';

/** `pipeline check FILE`: offline; says everything that is wrong, or what would run. */
export async function check(file: string): Promise<void> {
  try {
    const engine = makeEngine('error');
    const configuration = new Configuration(engine, await engine.read(file), { online: false });
    const { name, inputs, transforms, outputs, waiting } = await configuration
      .start()
      .finally(() => configuration.stop());
    for (const { kind, id, type, definition, options } of [...inputs, ...transforms, ...outputs]) {
      console.log(`${kind.padEnd(10)} ${id}  ${type}  ${definition.summarize?.(options) ?? ''}`.trimEnd());
    }
    for (const { kind, id, sources } of waiting) {
      console.log(`${kind.padEnd(10)} ${id}  not checked whole: it takes values from ${sources.join(', ')}`);
    }
    console.log(`${name} is valid${waiting.length > 0 ? ' as far as it could be checked' : ''}.`);
    process.exitCode = exitCode.done;
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}
