import type { OutputDefinition } from '@logcatch/plugin-api';
import type { Declared } from './component.ts';
import type { Problems } from './problem.ts';

/**
 * A source has one position, and one that moves in an output's transactions cannot wait for another output too: such an output
 * is the only one that is required.
 */
export function reportSecondRequired(declared: readonly Declared[], problems: Problems): void {
  const outputs = declared.filter(({ kind }) => kind === 'output');
  const exact = outputs.find(({ components }) =>
    components.some(({ definition, options }) => (definition as OutputDefinition).transactional?.(options)),
  );
  if (!exact) return;
  if (!exact.required) {
    const message = 'it delivers exactly once, so it cannot be `required: false`: nothing would wait for it';
    const hint = 'Remove `required: false`, or use `delivery: at-least-once`.';
    problems.add({ code: 'LC_CONFIG_EXACTLY_ONCE', path: exact.path, origin: exact.origin, message, hint });
  }
  for (const { path, origin } of outputs.filter((output) => output !== exact && output.required)) {
    const message = `it is required beside ${exact.path.join('.')}, which delivers exactly once: no position can move with both`;
    problems.add({ code: 'LC_CONFIG_EXACTLY_ONCE', path, origin, message });
  }
}
