import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Account } from '@logcatch/core';
import { sumOf } from './account.ts';
import { type PipelineProcess, pipelineFile, startAgent, statusOf, temporaryFolder } from './agent.ts';
import { Logs, type Verdict } from './rotation.ts';

/** What happens to the files of one input of its own. */
export interface Scene {
  readonly name: string;
  /** Patterns below the folder of the scene. Default: `*.log`. */
  readonly paths?: readonly string[];
  /** More options of file-tail. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** By turns: while no agent runs (the first), while one runs, and so on. A running agent is stopped when all has arrived. */
  readonly acts: readonly Act[];
  /** The script destroys lines before they can be read: these may be missing, but the last one, which nobody destroys. */
  readonly lossy?: boolean;
  /** The script leaves copies that match the pattern, which are files of their own: lines may come once more. */
  readonly copies?: boolean;
}

export type Act = (logs: Logs) => void | Promise<void>;

export interface Play {
  /** How a running agent ends between two acts. The last one is always asked to. Default: SIGTERM */
  readonly between?: NodeJS.Signals;
  /** Milliseconds to wait at the end for what must not come any more. */
  readonly quiet?: number;
  /** Called while the last agent still runs. */
  readonly last?: (agent: PipelineProcess, folder: string) => Promise<void>;
}

/** What a scene ended with: how its lines arrived, bytes that no account of its ledger has, or what went wrong. */
export type Outcome = (Verdict & { readonly unaccounted: number; readonly pending: number }) | string;

const none: Act = () => {};

/** Plays scenes at the same time, each with an input of its own in one pipeline. */
export async function play(scenes: readonly Scene[], options: Play = {}): Promise<Map<string, Outcome>> {
  const stage = new Stage(scenes);
  const turns = Math.max(...scenes.map(({ acts }) => acts.length));
  for (let turn = 0; turn < turns; turn += 2) {
    await stage.act(turn);
    await stage.start();
    await stage.act(turn + 1);
    if (turn + 2 < turns) await stage.end(options.between ?? 'SIGTERM');
  }
  await setTimeout(options.quiet ?? 0);
  await options.last?.(stage.agent, stage.folder);
  const accounts = await stage.accounts();
  await stage.end('SIGTERM');
  const killed = options.between === 'SIGKILL';
  return new Map(scenes.map((scene, number) => [scene.name, stage.outcome(number, accounts[number]!, killed)]));
}

/** What is expected of scenes: nothing missing, repeated, out of order or unaccounted for. */
export function flawless(scenes: readonly Scene[]): Map<string, Outcome> {
  const outcome = { missing: [], repeated: [], reordered: [], foreign: [], unaccounted: 0, pending: 0 };
  return new Map(scenes.map(({ name }) => [name, outcome]));
}

class Stage {
  readonly folder = temporaryFolder();
  readonly #scenes: readonly Scene[];
  readonly #logs: readonly Logs[];
  readonly #lines: readonly string[][];
  readonly #failures = new Map<number, string>();
  readonly #file: string;
  #agent: PipelineProcess | undefined;
  #read = 0;

  constructor(scenes: readonly Scene[]) {
    this.#scenes = scenes;
    this.#lines = scenes.map(() => []);
    this.#logs = scenes.map((_, number) => {
      const arrived = () => {
        this.#collect();
        return this.#lines[number]!;
      };
      return new Logs(join(this.folder, String(number)), arrived);
    });
    const inputs = scenes.map(({ paths = ['*.log'], options }, number) => [
      `scene-${number}`,
      { type: 'file-tail', paths: paths.map((path) => `./${number}/${path}`), ...options },
    ]);
    const outputs = { screen: { type: 'console', format: 'json' } };
    this.#file = pipelineFile(this.folder, JSON.stringify({ inputs: Object.fromEntries(inputs), outputs }));
  }

  get agent(): PipelineProcess {
    return this.#agent!;
  }

  async start(): Promise<void> {
    this.#read = 0;
    this.#agent = await startAgent(this.#file);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.agent.kill(signal);
    await this.agent.exited;
    this.#collect();
    this.#agent = undefined;
  }

  /** Plays one act of every scene, and waits until all of it has arrived if an agent runs. */
  async act(turn: number): Promise<void> {
    await Promise.all(
      this.#scenes.map(async ({ acts, lossy }, number) => {
        const logs = this.#logs[number]!;
        try {
          await (acts[turn] ?? none)(logs);
          if (this.#agent) await (lossy ? logs.lastArrived() : logs.arrived());
        } catch (error) {
          this.#failures.set(number, String(error));
        }
      }),
    );
  }

  async accounts(): Promise<Account[]> {
    const { components } = await statusOf(this.#file);
    return this.#scenes.map((_, number) => components.find(({ id }) => id === `scene-${number}`)!.input!.account);
  }

  outcome(number: number, account: Account, killed: boolean): Outcome {
    const failure = this.#failures.get(number);
    if (failure !== undefined) return failure;
    const { name, lossy = false, copies = false } = this.#scenes[number]!;
    const logs = this.#logs[number]!;
    const { lines, lost } = logs.balance;
    if (lossy) console.log(`${name}: ${lost} of ${lines} lines were destroyed before they were read`);
    const verdict = logs.verdict(copies ? 1 : 0);
    const { discovered, delivered, pending } = account;
    // Where each line is shipped once, the bytes delivered are those that were written. In any case the accounts add up.
    const once = !lossy && !copies && !killed;
    const unaccounted = Math.abs(discovered - sumOf(account)) + (once ? Math.abs(logs.bytes - delivered) : 0);
    return { ...verdict, missing: lossy ? [] : verdict.missing, unaccounted, pending };
  }

  /** Takes what has been printed since the last time. */
  #collect(): void {
    if (!this.#agent) return;
    const { stdout } = this.#agent;
    const end = stdout.lastIndexOf('\n') + 1;
    if (end <= this.#read) return;
    for (const text of stdout.slice(this.#read, end - 1).split('\n')) {
      const { input, message } = JSON.parse(text) as { input: string; message: string };
      this.#lines[Number(input.split('-')[1])]!.push(message);
    }
    this.#read = end;
  }
}
