import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AgentStatus, askAgent, dataDirOf } from '@logcatch/core';
import { expect, onTestFinished } from 'vitest';
import { Child, type ChildOptions } from './child.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const bin = join(repository, 'packages/cli/bin/pipeline.js');

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

export interface PipelineOptions extends ChildOptions {
  readonly bin?: string;
}

/** A real `pipeline` process. */
export class PipelineProcess extends Child {
  constructor(args: readonly string[], { bin: program = bin, env, ...options }: PipelineOptions = {}) {
    // Buffers are overwritten as soon as they are free, so that a view kept too long shows.
    super(process.execPath, [program, ...args], { ...options, env: { NODE_ENV: 'test', ...env } });
  }

  /** Asks it to end, which it does well. */
  async stop(): Promise<void> {
    this.kill('SIGTERM');
    expect(await this.exited, this.stderr).toBe(0);
  }

  async crash(): Promise<void> {
    this.kill('SIGKILL');
    await this.exited;
  }
}

export function pipeline(...args: string[]): PipelineProcess {
  return new PipelineProcess(args);
}

/** Starts an agent and waits until it says what runs. */
export async function startAgent(
  file: string,
  flags: readonly string[] = [],
  options: PipelineOptions = {},
): Promise<PipelineProcess> {
  const agent = new PipelineProcess(['run', file, ...flags], options);
  // The last line of what it says.
  await agent.printed(/state +\//);
  return agent;
}

/** Runs a command to its end. */
export function runPipeline(...args: string[]): ReturnType<Child['result']> {
  return pipeline(...args).result();
}

/** What the agent of a pipeline file says of itself. Asked as `pipeline status --json` does, without a process for each look. */
export async function statusOf(file: string): Promise<AgentStatus> {
  return (await askAgent(await dataDirOf(file, process.env), 'GET', '/status')) as AgentStatus;
}
