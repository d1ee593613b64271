import { LogcatchError, messageOf } from '@logcatch/plugin-api';
import type { FullTap } from 'tapable';

/** As much of a tapable hook as this needs, whatever its arguments. */
interface Interceptable {
  intercept(interceptor: { register: (tap: FullTap) => FullTap }): void;
}

/**
 * Wraps every observer of a hook once, when it taps: one that throws is reported by name and stops nobody. An async
 * function on a sync hook is refused, because nothing would wait for it or see it fail.
 */
export function guard<T extends Interceptable>(hook: T, name: string, blame: (error: LogcatchError) => void): T {
  hook.intercept({
    register: (tap) => {
      const observe = tap.fn as (...args: unknown[]) => unknown;
      if (tap.type === 'sync' && observe.constructor.name === 'AsyncFunction') {
        throw new LogcatchError('LC_PLUGIN_ASYNC_TAP', `"${tap.name}" taps ${name} with an async function`);
      }
      if (tap.type === 'async') {
        throw new LogcatchError('LC_PLUGIN_ASYNC_TAP', `"${tap.name}" taps ${name} with tapAsync`, {
          hint: 'Use tapPromise: a callback that is never called would stop everything.',
        });
      }
      const failed = (cause: unknown) =>
        blame(new LogcatchError('LC_PLUGIN_THREW', `"${tap.name}" threw in ${name}: ${messageOf(cause)}`, { cause }));
      const guarded = (...args: unknown[]) => {
        try {
          const result = observe(...args);
          return tap.type === 'promise' ? (result as Promise<unknown>).catch(failed) : result;
        } catch (error) {
          failed(error);
          return tap.type === 'promise' ? Promise.resolve() : undefined;
        }
      };
      return { ...tap, fn: guarded };
    },
  });
  return hook;
}
