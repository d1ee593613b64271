import type { Plan } from '@logcatch/plugin-api';

/** A plan on one line; of more names than so many only the first are listed. */
export function planLine({ add, change, retag, remove, relink, sources, settings }: Plan, most = 10): string {
  const parts: [verb: string, names: readonly string[]][] = [
    ['add', add],
    ['restart', change],
    ['new attributes for', retag],
    ['remove', remove],
    ['reconnect', relink],
    ...Object.entries(sources).map(([verb, names]): [string, readonly string[]] => [`${verb} source`, names]),
    ['set', settings],
  ];
  return parts
    .filter(([, names]) => names.length > 0)
    .map(([verb, names]) => `${verb} ${listed(names, most)}`)
    .join('; ');
}

function listed(names: readonly string[], most: number): string {
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}
