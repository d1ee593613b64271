/** A text as 32 bits (FNV-1a, mixed). */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mixed(hash, 0);
}

/** Two numbers as 32 bits of which each depends on all of theirs (the end of MurmurHash3). */
export function mixed(seed: number, number: number): number {
  let hash = seed ^ Math.imul(number >>> 0, 0xcc9e2d51) ^ Math.imul(Math.floor(number / 2 ** 32), 0x1b873593);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
