/**
 * The promise's outcome, or the signal's reason when that comes first. What the promise does then is nobody's business: it goes
 * on, and its failure is nobody's unhandled rejection.
 *
 * @throws the signal's reason at once where it was aborted before
 */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {});
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
