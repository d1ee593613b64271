import type { InputDefinition } from '@logcatch/plugin-api';
import type { Declared } from './component.ts';
import type { Problems } from './problem.ts';

/** What an input reads may be there once, such as standard input: two would each get some of it. */
export function reportSecondSingle(declared: readonly Declared[], problems: Problems): void {
  const first = new Map<string, Declared>();
  for (const one of declared) {
    for (const { type, definition } of one.components) {
      if (one.kind !== 'input' || !(definition as InputDefinition).single) continue;
      const before = first.get(type);
      if (!before) {
        first.set(type, one);
        continue;
      }
      const { path, origin } = one;
      const message =
        before === one
          ? `its \`each\` makes several inputs of type ${type}, and there can be only one`
          : `${before.path.join('.')} is of type ${type} already, and there can be only one`;
      const hint = `Keep one: several transforms and outputs can read it by \`inputs: [${before.id}]\`.`;
      problems.add({ code: 'LC_CONFIG_WIRING', path, origin, message, hint });
      return;
    }
  }
}
