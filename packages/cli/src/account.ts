import type { Account, Bytes } from '@logcatch/core';

/** Where bytes went, as an addition: one line each, the numbers below each other. What is zero is left out, but for what matters most. */
export function accountLines(account: Account): string[] {
  const { discovered, delivered, dropped, deadLettered, skipped, pending, abandoned, repeated } = account;
  const parts: [number, string][] = [
    [delivered, 'delivered'],
    ...each(dropped, (reason) => `dropped: ${reason}`),
    [deadLettered, 'went to the dead letters'],
    [skipped, 'skipped by a seek'],
    ...each(abandoned, (reason) => `abandoned: ${reason} before they were delivered`),
    [pending, 'pending'],
  ];
  const shown = parts.filter(([bytes, what]) => bytes > 0 || what === 'delivered' || what === 'pending');
  const width = Math.max(
    ...[discovered, repeated, ...shown.map(([bytes]) => bytes)].map((bytes) => String(bytes).length),
  );
  const line = (bytes: number, what: string) => `  ${String(bytes).padStart(width)}  ${what}`;
  return [
    ...shown.map(([bytes, what]) => line(bytes, what)),
    `  ${'-'.repeat(width)}`,
    line(discovered, 'discovered'),
    ...(repeated > 0 ? [line(repeated, 'read again, not part of the sum')] : []),
  ];
}

function each(bytes: Bytes, text: (reason: string) => string): [number, string][] {
  return Object.entries(bytes).map(([reason, count]) => [count, text(reason)]);
}
