import { parseArgs } from 'node:util';

/**
 * What follows `pnpm bench…`: numbers in their order, and `--name value`. Both have defaults.
 * Ends the process, with the usage, when something else is given.
 */
export function benchOptions<Numbers extends Record<string, number>, Texts extends Record<string, string>>(
  numbers: Numbers,
  texts: Texts,
): { [Name in keyof Numbers]: number } & { [Name in keyof Texts]: string } {
  const usage = [
    ...Object.entries(numbers).map(([name, value]) => `[${name.toUpperCase()}=${value}]`),
    ...Object.entries(texts).map(([name, value]) => `[--${name} ${value}]`),
  ].join(' ');
  const fail = (reason: string) => refuse(`${reason}\nArguments: ${usage}`);
  const options = Object.fromEntries(
    Object.entries(texts).map(([name, value]) => [name, { type: 'string' as const, default: value }]),
  );
  const { values, positionals } = parse();
  const given = Object.keys(numbers).map((name, index) => [name, Number(positionals[index] ?? numbers[name])] as const);
  if (positionals.length > given.length) fail(`What is "${positionals.at(-1)}"?`);
  for (const [name, value] of given) if (!(value > 0)) fail(`${name.toUpperCase()} is a number above 0.`);
  return { ...Object.fromEntries(given), ...values } as ReturnType<typeof benchOptions<Numbers, Texts>>;

  function parse() {
    try {
      return parseArgs({ options, allowPositionals: true });
    } catch (error) {
      return fail((error as Error).message);
    }
  }
}

/** The names in a list with commas; ends the process for one that is not known. */
export function chosen<Name extends string>(list: string, known: readonly Name[]): Name[] {
  return list.split(',').map((given) => {
    return known.find((name) => name === given) ?? refuse(`"${given}" is none of ${known.join(', ')}`);
  });
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}
