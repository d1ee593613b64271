/** Beyond so many only all of them are tried: every round tries each. */
const most = 8;

/**
 * Of things that are new, as many as go together: a file and a value may need each other, and a bad one must not hold them up.
 * Leaves out one at a time, the one without which least is wrong.
 * @param faults how much is wrong when these are taken
 */
export function compatible(names: readonly string[], faults: (names: readonly string[]) => number): readonly string[] {
  let group = names;
  let wrong = group.length > 0 ? faults(group) : 0;
  while (group.length > 0 && wrong > 0) {
    if (names.length > most) return [];
    const smaller = group.map((left) => group.filter((name) => name !== left));
    const counts = smaller.map((one) => (one.length > 0 ? faults(one) : 0));
    wrong = Math.min(...counts);
    group = smaller[counts.indexOf(wrong)]!;
  }
  return group;
}
