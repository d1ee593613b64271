const firstMs = 100;
const longestMs = 5000;

/** The pause before attempt `n + 1`, in ms: 100, doubled up to 5,000, of which a random half is taken off at most. */
export function backoff(n: number): number {
  return Math.min(longestMs, firstMs * 2 ** n) * (1 - Math.random() / 2);
}
