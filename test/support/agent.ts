import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(repository, 'packages/cli/bin/pipeline.js');

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logcatch-e2e-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a pipeline file and returns its path. */
export function pipelineFile(folder: string, yaml: string, name = 'test.yaml'): string {
  const file = join(folder, name);
  writeFileSync(file, yaml);
  return file;
}

export interface PipelineOptions {
  readonly bin?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A real `pipeline` process. It is killed when the test ends. */
export class PipelineProcess {
  stdout = '';
  stderr = '';
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], options: PipelineOptions = {}) {
    this.#child = spawn(process.execPath, [options.bin ?? bin, ...args], {
      cwd: options.cwd ?? tmpdir(),
      // Buffers are overwritten as soon as they are free, so that a view kept too long shows.
      env: { ...process.env, NODE_ENV: 'test', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#child[stream]!.setEncoding('utf8').on('data', (text: string) => {
        this[stream] += text;
        for (const watcher of this.#watchers) watcher();
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        resolve(signal ?? code!);
        for (const watcher of this.#watchers) watcher();
      });
    });
    onTestFinished(async () => {
      this.#child.kill('SIGKILL');
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

  /** Resolves when the process has printed this. @throws what it printed instead, when it ends before */
  async printed(text: string | RegExp, stream: 'stdout' | 'stderr' = 'stderr'): Promise<void> {
    const found = () => (typeof text === 'string' ? this[stream].includes(text) : text.test(this[stream]));
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (found()) resolve();
        else if (!this.running) reject(new Error(`the pipeline ended without printing ${text}:\n${this.stderr}`));
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }
}

export function pipeline(...args: string[]): PipelineProcess {
  return new PipelineProcess(args);
}

/** Runs a command to its end. */
export async function runPipeline(
  ...args: string[]
): Promise<{ code: number | NodeJS.Signals; stdout: string; stderr: string }> {
  const process = new PipelineProcess(args);
  const code = await process.exited;
  return { code, stdout: process.stdout, stderr: process.stderr };
}
