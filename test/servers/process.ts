import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Guard } from './guard.ts';

/** Something this machine lacks, so a server can't be had here: tests that need it are skipped, or fail with CI=true. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/** Where a command stands: in a folder of PATH, or in one of these. */
export function commandPath(name: string, ...folders: string[]): string | undefined {
  const all = [...(process.env.PATH ?? '').split(delimiter), ...folders].filter((folder) => folder !== '');
  return all.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Kills the command when the starter dies. */
  guard?: Guard;
  /** What to do when the command does not exist. */
  missing: string;
  /** Takes the lines of standard output as they come; nothing is returned then. */
  line?: (line: string) => void;
}

/** Runs a command to its end and returns its standard output; throws with the end of what it printed when it fails. */
export async function run(command: string, args: string[], options: RunOptions): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) options.guard?.watch(child.pid);
  let out = '';
  let all = '';
  if (options.line) createInterface({ input: child.stdout }).on('line', options.line);
  else {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      all += text;
    });
  }
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text;
  });
  const how = await new Promise<string | undefined>((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') reject(error);
      else reject(new Unavailable(`${command} was not found. ${options.missing}`, { cause: error }));
    });
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : `${signal ?? `code ${code}`}`));
  });
  options.guard?.forget();
  if (how !== undefined) {
    throw new Error(`${command} ${args.join(' ')} failed (${how}):\n${lastLines(all, 15)}`);
  }
  return out;
}

/** A server's process: its output goes to a file, and it ends with its starter unless it runs without a guard. */
export class ServerProcess {
  readonly pid: number | undefined;
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  #ended: string | undefined;

  constructor(command: string, args: string[], env: NodeJS.ProcessEnv, logFile: string, guard: Guard) {
    const log = openSync(logFile, 'a');
    try {
      this.#child = spawn(command, args, { env, detached: true, stdio: ['ignore', log, log] });
    } finally {
      closeSync(log);
    }
    this.pid = this.#child.pid;
    if (this.pid !== undefined) guard.watch(this.pid);
    this.exited = new Promise((resolve) => {
      const end = (how: string) => {
        this.#ended ??= how;
        guard.forget();
        resolve();
      };
      this.#child.on('error', (error) => end(`could not be started: ${error.message}`));
      this.#child.on('exit', (code, signal) => end(`ended with ${signal ?? `code ${code}`}`));
    });
    this.#child.unref();
  }

  /** How it ended, as words for an error message; undefined while it runs. */
  get ended(): string | undefined {
    return this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#ended === undefined) this.#child.kill(signal);
  }

  /** Signals and waits for the end; after `graceMs` it is killed the hard way. */
  async end(signal: NodeJS.Signals, graceMs = 15_000): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#child.ref();
    this.signal(signal);
    this.signal('SIGCONT'); // a paused process would not see the signal
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    await this.exited;
    clearTimeout(timer);
  }
}

/** The last lines of a text: what a person needs of a log to see why something failed. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** True while process `pid` runs and has `mark` in its command line: an id alone may have been given to a stranger. */
export async function isRunning(pid: number, mark: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (existsSync('/proc/self/cmdline')) {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark); // empty for a zombie
    } catch {
      return false;
    }
  }
  const missing = 'It comes with the system (package procps).';
  return run('ps', ['-o', 'command=', '-p', String(pid)], { missing }).then(
    (line) => line.includes(mark),
    () => false,
  );
}

/** Ends a process that is not our child (see isRunning): SIGTERM, and after 15 s SIGKILL. */
export async function end(pid: number, mark: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (let signal: NodeJS.Signals | 0 = 'SIGTERM'; await isRunning(pid, mark); signal = 0) {
    try {
      process.kill(pid, performance.now() > deadline ? 'SIGKILL' : signal);
    } catch {
      return; // it ended in between
    }
    await sleep(50);
  }
}

/** The addresses in an environment variable, separated by commas; undefined when there is none. */
export function addressList(variable: string): string[] | undefined {
  const list = (process.env[variable] ?? '').split(',').map((address) => address.trim());
  return list.some(Boolean) ? list.filter(Boolean) : undefined;
}

/** True when nobody listens on this port of the loopback address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

const handedOut = new Set<number>();

/**
 * A free port below the range from which the system takes the local ports of outgoing connections. A port from that
 * range (what listening on port 0 gives) can be taken by a client while its server is down for a restart: even by the
 * very client that tries to reconnect to it, which then talks to itself and keeps the server from coming back.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return port;
  }
  throw new Error('No free port was found between 15000 and 32000 on 127.0.0.1. Stop what listens there.');
}
