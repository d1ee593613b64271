import { abortable } from './abortable.ts';

/** Waits so many milliseconds, or until the signal aborts, whichever is first. Never rejects. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, milliseconds);
  await abortable(over.promise, signal).catch(() => clearTimeout(timer));
}
