import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { Guard } from '../servers/guard.ts';

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Nobody reads its stdout until {@link Child.read} is called, or it has ended: the pipe fills. */
  readonly unread?: boolean;
}

/** A process of a test. It ends with the test, and with the process that runs the test, and so do those that it started. */
export class Child {
  stdout = '';
  stderr = '';
  /** Its exit code or signal, when all that it printed has been read. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #closed = false;

  constructor(command: string, args: readonly string[], { cwd = tmpdir(), env, unread = false }: ChildOptions = {}) {
    const guard = new Guard();
    this.#child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true, // the leader of a group, which the guard ends
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (this.#child.pid !== undefined) guard.watch(this.#child.pid);
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#child[stream]!.setEncoding('utf8').on('data', (text: string) => {
        this[stream] += text;
        this.#look();
      });
    }
    if (unread) this.#child.stdout!.pause();
    this.#child.on('exit', () => this.read());
    this.exited = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', async (code, signal) => {
        this.#closed = true;
        this.#look();
        guard.forget();
        await guard.release();
        resolve(signal ?? code!);
      });
    });
    onTestFinished(async () => {
      await guard.release();
      await this.exited;
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  read(): void {
    this.#child.stdout!.resume();
  }

  /** Runs to its end. */
  async result(): Promise<{ code: number | NodeJS.Signals; stdout: string; stderr: string }> {
    const code = await this.exited;
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Resolves when the process has printed this. @throws what it printed instead, when it ends before */
  async printed(text: string | RegExp, stream: 'stdout' | 'stderr' = 'stderr'): Promise<void> {
    const found = () => (typeof text === 'string' ? this[stream].includes(text) : text.test(this[stream]));
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (found()) resolve();
        else if (this.#closed) reject(new Error(`it ended without printing ${text}:\n${this.stderr}`));
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #look(): void {
    for (const watcher of this.#watchers) watcher();
  }
}
