import { configured, printTrouble } from './configured.ts';
import { makeEngine, printErrors } from './engine.ts';
import { exitCode } from './exit-codes.ts';
import { print, printAside } from './print.ts';
import { plainLine } from './text.ts';

/** `pipeline check FILE`: says everything that is wrong, or what would run. Asks remote sources only when told to. */
export async function check(file: string, { online = false }: { online?: boolean }): Promise<void> {
  try {
    process.exitCode = await configured(makeEngine('error'), file, online, (configuration, desired) => {
      const { name, inputs, transforms, outputs, waiting, warnings } = desired;
      for (const { kind, id, type, definition, options } of [...inputs, ...transforms, ...outputs]) {
        const row = `${kind.padEnd(10)} ${id}  ${type}  ${definition.summarize?.(options) ?? ''}`;
        print(plainLine(row.trimEnd()), 11);
      }
      for (const { kind, id, sources } of waiting) {
        print(`${kind.padEnd(10)} ${id}  not checked whole: it takes values from ${sources.join(', ')}`, 11);
      }
      for (const warning of warnings) printAside(plainLine(`warning: ${warning.describe()}`), 2);
      const trouble = online ? printTrouble(configuration.sources) : exitCode.done;
      if (trouble !== exitCode.invalid) {
        print(`${name} is valid${waiting.length > 0 ? ' as far as it could be checked' : ''}.`);
      }
      return trouble;
    });
  } catch (error) {
    process.exitCode = printErrors(error);
  }
}
