import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Guard } from '../test/servers/guard.ts';
import { lastLines } from '../test/servers/process.ts';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Figures {
  /** User and system CPU seconds of the process and its children, from start to end. */
  readonly cpu: number;
  /** Seconds until it had done its work. */
  readonly wall: number;
  /** Peak resident memory, 10^6 bytes. */
  readonly memory: number;
}

/** A process, which does not outlive this one. What it prints to stderr is kept for the message when it fails. */
export class Running {
  readonly pid: number;
  /** The end of it: its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  stderr = '';
  readonly #command: string;

  /** @param stdout descriptor for its standard output; nowhere by default */
  constructor({ command, args, env }: Command, stdout?: number) {
    this.#command = command;
    const child = spawn(command, args, {
      stdio: ['ignore', stdout ?? 'ignore', 'pipe'],
      env: { ...process.env, ...env },
      detached: true, // the leader of a group, which the guard ends
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.pid = child.pid!;
    const guard = new Guard();
    guard.watch(this.pid);
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        guard.forget();
        void guard.release().then(() => resolve(signal ?? code!));
      });
    });
    this.ended.catch(() => {}); // whoever waits is told
  }

  /** Does something while the process runs. @throws what the process printed, when it ends meanwhile */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const early = this.ended.then((how) => {
      throw this.failed(how);
    });
    early.catch(() => {}); // it ends at some time
    try {
      return await Promise.race([work(over.signal), early]);
    } finally {
      over.abort();
    }
  }

  /** Asks it to end (SIGTERM), or those of its processes that are given, and waits. */
  async stop(processes: readonly number[] = [this.pid]): Promise<void> {
    for (const pid of processes) signal(pid, 'SIGTERM');
    const hanging = setTimeout(() => signal(-this.pid, 'SIGKILL'), 15_000);
    await this.ended;
    clearTimeout(hanging);
  }

  failed(how: number | NodeJS.Signals): Error {
    return new Error(`${this.#command} ended with ${how}:\n${lastLines(this.stderr, 20)}`);
  }
}

const marker = 'FIGURES';

/**
 * Runs a command under GNU time: to its end, or until `enough`, for those that never end by themselves.
 * @param time see `gnuTime`
 * @throws with what it printed when it fails
 */
export async function measure(
  time: string,
  { command, args, env }: Command,
  enough?: (signal: AbortSignal) => Promise<void>,
): Promise<Figures> {
  const timed = ['-f', `${marker} %U %S %e %M`, command, ...args];
  const running = new Running({ command: time, args: timed, ...(env && { env }) });
  const started = performance.now();
  let done: number | undefined;
  if (enough) {
    try {
      await running.during(enough);
      done = (performance.now() - started) / 1000;
    } finally {
      await running.stop(childrenOf(running.pid)); // time itself would end without a word
    }
  }
  const how = await running.ended;
  const [, user, system, wall, kilobytes] =
    new RegExp(`${marker} (\\S+) (\\S+) (\\S+) (\\d+)`).exec(running.stderr) ?? [];
  if (user === undefined || (how !== 0 && done === undefined)) throw running.failed(how);
  return { cpu: Number(user) + Number(system), wall: done ?? Number(wall), memory: megabytes(kilobytes!) };
}

export interface Usage {
  /** User and system CPU seconds so far. */
  readonly cpu: number;
  /** Resident memory now, 10^6 bytes. */
  readonly memory: number;
  readonly descriptors: number;
}

/** What a running process has used. */
export function usageOf(pid: number): Usage {
  // Behind the name, which may hold spaces: state is field 3, utime 14, stime 15, in ticks of 10 ms.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / 100,
    memory: megabytes(/VmRSS:\s+(\d+) kB/.exec(status)![1]!),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

function megabytes(kilobytes: string): number {
  return (Number(kilobytes) * 1024) / 1e6;
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it has ended
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
