import { type ComponentContext, type ErrorCode, errorTable, messageOf } from '@logcatch/plugin-api';

/** Reasons of one kind shown one by one; more are counted. */
const shown = 3;

export interface Trouble {
  readonly message: string;
  readonly hint: string;
}

/** What does not work at the moment. Says it once, and says when it is over. */
export class Troubles {
  readonly #ctx: ComponentContext;
  readonly #byPath = new Map<string, Trouble>();
  readonly #warned = new Map<string, string>();
  /** Paths of files that wait, since positions to start from cannot be stored. */
  readonly #unstored = new Set<string>();
  #whyUnstored = '';
  #watching: Trouble | undefined;
  #said: string | null = null;
  #speaking = false;

  constructor(ctx: ComponentContext) {
    this.#ctx = ctx;
  }

  /** Whether some path cannot be read. */
  get any(): boolean {
    return this.#byPath.size + this.#unstored.size > 0;
  }

  /** What is wrong with a path. */
  of(path: string): string | undefined {
    if (this.#unstored.has(path)) return this.#whyUnstored;
    return this.#byPath.get(path)?.message ?? this.#warned.get(path);
  }

  /** @param hint what to do; default: that of the code */
  set(path: string, code: ErrorCode, message: string, hint = errorTable[code].hint): void {
    this.#byPath.set(path, { message: `${code} ${message}`, hint });
    this.#say();
  }

  clear(path: string): void {
    this.#warned.delete(path);
    if (this.#byPath.delete(path)) this.#say();
  }

  /** Clears every trouble and warning whose path is not among these. */
  keep(paths: ReadonlySet<string>): void {
    for (const known of [this.#byPath, this.#warned, this.#unstored]) {
      for (const path of known.keys()) if (!paths.has(path)) known.delete(path);
    }
    this.#say();
  }

  /** These files wait, since positions to start from cannot be stored, or (`null`) they can: looking at one ends nothing. */
  storing(paths: readonly string[], error: unknown): void {
    if (error !== null) this.#whyUnstored = `LC_STATE_WRITE ${messageOf(error)}`;
    for (const path of paths) {
      if (error !== null) this.#unstored.add(path);
      else this.#unstored.delete(path);
    }
    this.#say();
  }

  /** Folders cannot be watched, or (`null`) can again. */
  watching(error: Error | null): void {
    this.#watching = error
      ? {
          message: `folders cannot be watched (${error.message}) and are polled instead`,
          hint: 'Raise fs.inotify.max_user_watches and fs.inotify.max_user_instances.',
        }
      : undefined;
    this.#say();
  }

  /** From now on the engine listens: it does not before `start` has returned. */
  speak(): void {
    if (this.#speaking) return;
    this.#speaking = true;
    this.#say();
  }

  /** A warning that does not make the input degraded: once per path, for as long as that is there. */
  warnOnce(path: string, code: ErrorCode, message: string, hint = errorTable[code].hint): void {
    if (this.#warned.has(path)) return;
    this.#warned.set(path, `${code} ${message}`);
    this.#ctx.log.warn(`${code} ${message}. ${hint}`, { path });
  }

  #say(): void {
    if (!this.#speaking) return;
    const troubles = [...this.#byPath.values()];
    if (this.#unstored.size > 0) {
      const [path] = this.#unstored;
      const wait = this.#unstored.size === 1 ? `${path} waits` : `${this.#unstored.size} files wait, such as ${path}`;
      troubles.push({ message: `${this.#whyUnstored}: ${wait}`, hint: errorTable.LC_STATE_WRITE.hint });
    }
    if (this.#watching) troubles.push(this.#watching);
    const { reason, hint } = summary(troubles);
    if (reason === this.#said) return;
    this.#said = reason;
    this.#ctx.degraded(reason, hint);
  }
}

/** All in one: each kind of trouble with what to do about it. The hint is that of the last. */
export function summary(troubles: readonly Trouble[]): { readonly reason: string | null; readonly hint?: string } {
  if (troubles.length === 0) return { reason: null };
  const kinds = [...Map.groupBy(troubles, ({ hint }) => hint)].map(([hint, those]) => {
    const more = those.length > shown ? `; and ${those.length - shown} more` : '';
    const messages = those.slice(0, shown).map(({ message }) => message);
    return { text: messages.join('; ') + more, hint };
  });
  const last = kinds.pop()!;
  const before = kinds.map(({ text, hint }) => `${text}. ${hint} `);
  return { reason: before.join('') + last.text, hint: last.hint };
}
