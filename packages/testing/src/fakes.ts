import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { BufferPool } from '@logcatch/core';
import type {
  Attributes,
  ConfigSourceContext,
  Discovery,
  InputContext,
  Logger,
  OpenRequest,
  OutputContext,
  Source,
  SourceEnd,
  SourceMeta,
  Sources,
  StoredSource,
  TransformContext,
} from '@logcatch/plugin-api';

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
}

/** A logger that keeps its lines. */
export class MemoryLog implements Logger {
  readonly lines: LogLine[] = [];
  readonly debugging = true;
  error = this.#keep('error');
  warn = this.#keep('warn');
  info = this.#keep('info');
  debug = this.#keep('debug');

  #keep(level: LogLine['level']) {
    return (message: string) => void this.lines.push({ level, message });
  }
}

class MemorySource implements Source {
  readonly key: number;
  readonly input: string;
  readonly path: string;
  attributes: Attributes;
  position: number;
  meta: SourceMeta;

  constructor(key: number, input: string, request: OpenRequest, position: number, attributes: Attributes) {
    this.key = key;
    this.input = input;
    this.path = request.path;
    this.position = position;
    this.meta = request.meta;
    this.attributes = attributes;
  }
}

/** Positions kept in memory: give one to several contexts in turn to play restarts. */
export class MemorySources implements Sources {
  readonly events: Omit<Discovery, 'input'>[] = [];
  readonly #open = new Map<number, MemorySource>();
  readonly #stored = new Map<number, StoredSource>();
  readonly #attributes: Attributes;
  #lastKey = 0;

  constructor(attributes: Attributes = {}) {
    this.#attributes = attributes;
  }

  known(): readonly StoredSource[] {
    return [...this.#stored.values()].filter(({ key }) => !this.#open.has(key));
  }

  open(requests: readonly OpenRequest[]): Source[] {
    return requests.map((request) => {
      const stored = request.key === undefined ? undefined : this.#stored.get(request.key);
      if (request.key !== undefined && !stored) throw new Error(`no stored source ${request.key}`);
      const key = stored?.key ?? ++this.#lastKey;
      const path = stored?.path ?? request.path;
      const position = request.position ?? stored?.position ?? 0;
      const attributes = {
        path,
        name: path.split('/').at(-1)!,
        input: 'test',
        host: 'localhost',
        ...request.attributes,
        ...this.#attributes,
      };
      const source = new MemorySource(key, 'test', { ...request, path }, position, attributes);
      this.#open.set(key, source);
      this.#store(source);
      this.events.push({ source, event: stored ? 'resumed' : 'found', path: request.path });
      return source;
    });
  }

  remember(source: Source, meta: SourceMeta): void {
    const open = this.#open.get(source.key)!;
    open.meta = meta;
    this.#store(open);
  }

  grown(): void {}

  renamed(source: Source, path: string): void {
    this.events.push({ source, event: 'renamed', path });
  }

  end(source: Source, how: SourceEnd): void {
    this.events.push({ source, event: how, path: source.path });
    this.#open.delete(source.key);
    this.#stored.delete(source.key);
  }

  /** As the engine does when everything up to `position` has settled. */
  settle(source: Source, position: number): void {
    const open = this.#open.get(source.key);
    if (!open) return;
    open.position = position;
    this.#store(open);
  }

  /** As after the end of the process: nothing is open, everything settled is known. */
  restart(): void {
    this.#open.clear();
  }

  #store({ key, path, position, meta }: MemorySource): void {
    this.#stored.set(key, { key, path, position, meta });
  }
}

export interface FakeOptions {
  /** Relative paths of the component are relative to this folder. */
  readonly folder?: string;
  readonly dataDir?: string;
}

class FakeContext implements Omit<TransformContext, 'untrusted'> {
  readonly id = 'test';
  readonly host = 'localhost';
  readonly log = new MemoryLog();
  readonly dataDir: string;
  /** What the component said last by `degraded`. */
  degradedBy: string | null = null;
  readonly #folder: string;

  constructor({ folder = tmpdir(), dataDir = resolve(folder, '.logcatch') }: FakeOptions) {
    this.#folder = folder;
    this.dataDir = dataDir;
  }

  now(): number {
    return performance.now();
  }

  resolve(path: string): string {
    return resolve(this.#folder, path);
  }

  async secret(value: string | { file: string }): Promise<string> {
    return typeof value === 'string' ? value : `content of ${value.file}`;
  }

  degraded(reason: string | null): void {
    this.degradedBy = reason;
  }
}

export type FakeInputContext = FakeContext & InputContext & { sources: MemorySources; buffers: BufferPool };

/** A context for one life of an input. Pass the `sources` of an earlier one to play a restart. */
export function fakeInputContext(
  options: FakeOptions &
    Partial<Pick<InputContext, 'firstStart' | 'once' | 'maxRecords' | 'untrusted'>> & { sources?: MemorySources } = {},
): FakeInputContext {
  const {
    sources = new MemorySources(),
    firstStart = true,
    once = false,
    untrusted = false,
    maxRecords = 65_536,
  } = options;
  const buffers = new BufferPool(32 << 20, true);
  return Object.assign(new FakeContext(options), { sources, buffers, firstStart, once, untrusted, maxRecords });
}

/** A context for a configuration source: counts how often it said that something changed. */
export function fakeConfigContext(options: FakeOptions = {}): FakeContext & ConfigSourceContext & { changes: number } {
  const context = Object.assign(new FakeContext(options), { changes: 0, changed: () => void context.changes++ });
  return context;
}

/** A context for a transform. */
export function fakeTransformContext({
  untrusted = false,
  ...options
}: FakeOptions & { untrusted?: boolean } = {}): FakeContext & TransformContext {
  return Object.assign(new FakeContext(options), { untrusted });
}

/** A context for an output: counts how often it said that it sends something again. Agents with different ids are different agents. */
export function fakeOutputContext({
  agentId = 'test-agent',
  ...options
}: FakeOptions & { agentId?: string } = {}): FakeContext & OutputContext & { retries: number } {
  const context = Object.assign(new FakeContext(options), {
    agentId,
    retries: 0,
    retried: () => void context.retries++,
  });
  return context;
}
