import { LogcatchError } from '@logcatch/plugin-api';

/** Checks that what a plugin's `create` returned has the methods it must have. @throws LC_PLUGIN_SHAPE */
export function checkInstance<T>(instance: T, kind: string, methods: readonly (keyof T & string)[]): T {
  const missing = methods.filter((method) => typeof instance?.[method] !== 'function');
  if (missing.length === 0) return instance;
  const names = missing.map((method) => `\`${method}\``).join(', ');
  throw new LogcatchError('LC_PLUGIN_SHAPE', `what \`create\` returned lacks ${names}`, {
    hint: `${kind} needs ${methods.map((method) => `\`${method}\``).join(', ')}: see @logcatch/plugin-api.`,
  });
}
