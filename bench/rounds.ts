/** Lets all contenders run in turn, round by round: what disturbs the machine disturbs them alike. */
export async function alternated<Name, Contender, Result>(
  contenders: ReadonlyMap<Name, Contender>,
  rounds: number,
  run: (name: Name, contender: Contender) => Promise<Result>,
): Promise<Map<Name, Result[]>> {
  const results = new Map<Name, Result[]>([...contenders.keys()].map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, contender] of contenders) results.get(name)!.push(await run(name, contender));
  }
  return results;
}
