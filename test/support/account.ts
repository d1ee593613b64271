import type { Account } from '@logcatch/core';

/** What the accounts of a ledger add up to: what was discovered, if it balances. */
export function sumOf({ delivered, dropped, deadLettered, skipped, pending, abandoned }: Account): number {
  const parts = [delivered, deadLettered, skipped, pending, ...Object.values(dropped), ...Object.values(abandoned)];
  return parts.reduce((all, bytes) => all + bytes, 0);
}
