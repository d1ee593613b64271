import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guard } from './guard.ts';
import { lastLines, ServerProcess, sleep } from './process.ts';

export interface NodeOptions {
  /** Kept when the server stops. Default: a temporary folder, removed by stop() or when the starter dies. */
  dataDir?: string;
  /** The port for clients on 127.0.0.1. Default: a free one. */
  port?: number;
  /** Let the server outlive this process (`pnpm services up`). Needs `dataDir`. */
  detached?: boolean;
}

/** What differs between kinds of servers; the life of a node is the same for all. */
export interface NodeKind {
  name: string;
  /** Makes the folder ready (format, configuration files) and says what to run; called before every start. */
  command(dataDir: string, guard: Guard): Promise<{ command: string; args: string[]; env: NodeJS.ProcessEnv }>;
  /** True once clients can work with it. Errors mean "not yet". */
  ready(): Promise<boolean>;
}

/** What can be done to a server of ours, to try what its clients make of it. */
export interface Controls {
  /** Ends it and removes its data folder, if that was a temporary one; else it gets the time to leave the data in order. */
  stop(): Promise<void>;
  /** Signals (default SIGKILL: a crash) and waits for the end. Data and port are kept for restart(). */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port with the same data; stops it first (SIGTERM) if it runs. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers, as with a hanging machine. */
  pause(): void;
  /** SIGCONT after pause(). */
  resume(): void;
}

/** One server process with its data folder and port. */
export class ServerNode implements Controls {
  readonly name: string;
  readonly dataDir: string;
  /** What the server printed: look here first when something is odd. */
  readonly logFile: string;
  readonly #kind: NodeKind;
  readonly #temporary: boolean;
  readonly #detached: boolean;
  #guard: Guard;
  #process: ServerProcess | undefined;

  /** Starts a server and resolves when it serves. */
  static async start(kind: NodeKind, options: NodeOptions): Promise<ServerNode> {
    if (options.detached && options.dataDir === undefined) {
      throw new Error(`${kind.name}: a server that outlives its starter needs a dataDir of its own.`);
    }
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), `logcatch-${kind.name}-`)));
    const node = new ServerNode(kind, dataDir, options);
    try {
      await node.restart();
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  private constructor(kind: NodeKind, dataDir: string, options: NodeOptions) {
    this.name = kind.name;
    this.dataDir = dataDir;
    this.logFile = join(dataDir, `${kind.name}.log`);
    this.#kind = kind;
    this.#temporary = options.dataDir === undefined;
    this.#detached = options.detached ?? false;
    this.#guard = new Guard(this.#temporary ? dataDir : undefined);
  }

  /** Of the running server; undefined when it doesn't run. */
  get pid(): number | undefined {
    return this.#process?.ended === undefined ? this.#process?.pid : undefined;
  }

  async restart(): Promise<void> {
    await this.#process?.end('SIGTERM');
    if (this.#guard.released) {
      if (this.#temporary) {
        throw new Error(
          `${this.name} was stopped and its temporary data is gone. For a stop that restart() can follow: kill('SIGTERM').`,
        );
      }
      this.#guard = new Guard();
    }
    mkdirSync(this.dataDir, { recursive: true });
    const { command, args, env } = await this.#kind.command(this.dataDir, this.#guard);
    const started = new ServerProcess(command, args, env, this.logFile, this.#guard);
    this.#process = started;
    await this.#serving(started, 60_000);
    if (this.#detached) {
      this.#guard.forget(); // guarded only until it serves, so that Ctrl-C while it starts leaves nothing behind
      await this.#guard.release();
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.end(signal);
  }

  async stop(): Promise<void> {
    await this.#process?.end(this.#temporary ? 'SIGKILL' : 'SIGTERM');
    await this.#guard.release();
  }

  pause(): void {
    this.#process?.signal('SIGSTOP');
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
  }

  async #serving(started: ServerProcess, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      if (started.ended !== undefined) throw new Error(this.#why(started.ended));
      if (await this.#kind.ready().catch(() => false)) return;
      if (performance.now() > deadline) throw new Error(this.#why(`does not serve after ${limitMs / 1000} s`));
      await sleep(30);
    }
  }

  #why(what: string): string {
    const log = existsSync(this.logFile) ? lastLines(readFileSync(this.logFile, 'utf8'), 25) : '';
    return `${this.name} ${what}. The end of its log:\n${log || '(it printed nothing)'}`;
  }
}

/** Controls for a server that someone else runs: stopping leaves it alone, the rest can't be done. */
export function notOurs(variable: string): Controls {
  const refuse = (): never => {
    throw new Error(
      `This server is given by ${variable} and is not ours to stop. A test that breaks servers must start its own: pass { own: true }.`,
    );
  };
  return {
    stop: async () => {},
    kill: async () => refuse(),
    restart: async () => refuse(),
    pause: refuse,
    resume: refuse,
  };
}
