/** One promise of a contract. Give each to your test runner: `for (const { name, run } of suite) test(name, run)`. */
export interface ContractCase {
  readonly name: string;
  /** Rejects when the promise is broken. */
  run(): Promise<void>;
}

export interface ContractOptions {
  /** Milliseconds after which something that should have happened counts as hanging. Default 20,000. */
  readonly deadline?: number;
}

/** The promise's value, unless it hangs. */
export type Soon = <T>(promise: Promise<T>, what: string) => Promise<T>;

/** Milliseconds in which something that must not happen would have happened. */
const quiet = 300;

export class BrokenContract extends Error {
  override readonly name = 'BrokenContract';
}

export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new BrokenContract(message);
}

export function checkEqual(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  const index = expected.findIndex((value, i) => value !== actual[i]);
  check(
    index < 0,
    `${what}: item ${index} is ${JSON.stringify(actual[index])}, not ${JSON.stringify(expected[index])}`,
  );
  check(actual.length === expected.length, `${what}: ${actual.length} items instead of ${expected.length}`);
}

export function within({ deadline = 20_000 }: ContractOptions): Soon {
  return (promise, what) =>
    race(promise, deadline, () => {
      throw new BrokenContract(`${what} hangs`);
    });
}

/** Whether the promise is still pending after a moment. */
export async function staysPending(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  );
  return race(settled, quiet, () => true);
}

async function race<T, L>(promise: Promise<T>, milliseconds: number, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<L>((resolve, reject) => {
    timer = setTimeout(() => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    }, milliseconds);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}
