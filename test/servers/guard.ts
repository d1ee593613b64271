import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

/**
 * What runs in the watchdog: it remembers the last process id it was told (0 = none), and when its standard input ends
 * it kills that process group and removes the folder in $1. The input is a pipe that only the starter holds, so it
 * ends when the starter is done, and also when the starter was killed with SIGKILL and could say nothing.
 */
const script = `
pid=0
while read -r line; do pid=$line; done
if [ "$pid" -gt 1 ]; then
  kill -s KILL -- "-$pid" 2>/dev/null
  tries=0
  while kill -s 0 -- "-$pid" 2>/dev/null && [ "$tries" -lt 10 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
if [ -n "$1" ]; then rm -rf -- "$1" || { sleep 0.5; rm -rf -- "$1"; }; fi
`;

/**
 * Makes sure that a process and its temporary folder do not outlive the process that made them.
 *
 * A tiny shell does it rather than PR_SET_PDEATHSIG (setpriv): it works on macOS too, it does not fire when merely the
 * starting thread ends, and it can also remove the folder. Orderly stops take the same path, so it is always tried.
 */
export class Guard {
  /** True once release() was called: it guards nothing any more. */
  released = false;
  readonly #shell: ChildProcess;

  /** `folder` is removed at the end; without it only the process is watched. */
  constructor(folder?: string) {
    // In a session of its own (detached), so that Ctrl-C in the starter's terminal ends the starter and not the guard.
    this.#shell = spawn('/bin/sh', ['-c', script, 'logcatch-guard', folder ?? ''], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#shell.on('error', (error) => {
      throw new Error('Starting a server needs /bin/sh to guard it, and that could not be run.', { cause: error });
    });
    this.#shell.stdin?.on('error', () => {}); // a guard that someone killed; release() still works
    this.#shell.unref();
    (this.#shell.stdin as Socket | null)?.unref(); // a guard must not keep its starter alive
  }

  /** Watch this process group from now on (the process must have been started with `detached: true`). */
  watch(pid: number): void {
    this.#shell.stdin?.write(`${pid}\n`);
  }

  /** The process has ended and been waited for: its id may be given to a stranger now, so forget it. */
  forget(): void {
    this.watch(0);
  }

  /** Ends the guard: kills what is still watched, removes the folder, and resolves when both are done. */
  async release(): Promise<void> {
    this.released = true;
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    this.#shell.ref();
    const exited = once(this.#shell, 'exit');
    this.#shell.stdin?.end();
    await exited;
  }
}
