import { plural } from './plural.ts';

/** Where a value came from. Errors print it so that a person can go there. */
export interface Origin {
  /** A file path, `env`, or another source of configuration. */
  readonly file: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
}

export interface ErrorEntry {
  /** What happened, in general. The message of an error says it in particular. */
  readonly summary: string;
  /** What a person can do about it. */
  readonly hint: string;
  /** Whether trying again, with nothing changed here, can help. */
  readonly retriable: boolean;
}

const entry = (summary: string, hint: string, retriable = false): ErrorEntry => ({ summary, hint, retriable });

/** Every error that logcatch reports. `docs/errors.md` is written from this table, and a test keeps the two together. */
export const errorTable = {
  LC_CONFIG_FILE: entry('The pipeline file cannot be read.', 'Check the path and its permissions.'),
  LC_CONFIG_SYNTAX: entry('The pipeline file is not valid YAML.', 'Mend the YAML at the place shown.'),
  LC_CONFIG_UNKNOWN_KEY: entry('A key is not known here.', 'Use the nearest valid key, or remove it.'),
  LC_CONFIG_UNKNOWN_TYPE: entry(
    'No plugin offers a component of this type.',
    'See `pipeline plugins` for the types there are, or name a plugin file under `plugins:`.',
  ),
  LC_CONFIG_VALUE: entry('A value does not fit its option.', 'See `pipeline plugins TYPE` for what the option takes.'),
  LC_CONFIG_UNKNOWN_NAME: entry(
    'A `${...}` names nothing.',
    'Define it, or give a default: `${source.path:-default}`. Write `$${` for a literal `${`.',
  ),
  LC_CONFIG_TEMPLATE: entry('A template cannot be read.', 'Templates look like `{{ name }}` or `{{ name:-default }}`.'),
  LC_CONFIG_DUPLICATE_ID: entry(
    'Two entries of `each` have one id.',
    'Give the component an `id:` that tells them apart.',
  ),
  LC_CONFIG_WIRING: entry('The components do not form a pipeline.', 'Check the `inputs:` of the component named.'),
  LC_CONFIG_EXACTLY_ONCE: entry(
    'An output with `delivery: exactly-once` is not the only one that is required.',
    'Give the other outputs `required: false`, or a pipeline of their own: one position cannot move in two transactions at once.',
  ),
  LC_CONFIG_NO_ATTRIBUTE: entry(
    'Nothing sets an attribute that a template of an output needs.',
    'Set it under `attributes:` of the input, or give a default: `{{ name:-default }}`.',
  ),
  LC_CONFIG_LOOP: entry(
    'An output writes to files that its own input reads.',
    'Write elsewhere, or name them under `exclude` of the input: what is written is read and written again, without end.',
  ),
  LC_CONFIG_NOT_REQUIRED: entry(
    'No output that an input leads to is required, so nothing waits for its records.',
    'Remove `required: false` from one of them; if records may be lost, nothing has to be done.',
  ),
  LC_CONFIG_UNREAD_EXIT: entry(
    'Records leave a transform by an exit that nothing reads, and are dropped.',
    'Add the exit to the `inputs:` of a transform or output; if they are to be dropped, nothing has to be done.',
  ),
  LC_CONFIG_UNTRUSTED: entry(
    'A remote source asks for what only the pipeline file may say.',
    'Say it in the pipeline file.',
  ),
  LC_CONFIG_NEEDS_RESTART: entry('This key cannot change while the pipeline runs.', 'Restart the agent to apply it.'),
  LC_SOURCE_ABSENT: entry(
    'A configuration source holds nothing.',
    'Put a value there; until then the last good one goes on, or what depends on it waits.',
    true,
  ),
  LC_SOURCE_BAD: entry(
    'The value of a configuration source cannot be used.',
    'Mend it at the place shown; until then the last good one goes on, or what depends on it waits.',
    true,
  ),
  LC_SOURCE_UNREACHABLE: entry(
    'A configuration source cannot be reached.',
    'Check address, network and server; it is tried again, and the last good value goes on.',
    true,
  ),
  LC_PLUGIN_LOAD: entry(
    'A plugin cannot be loaded.',
    'Check the path or install the package, then run `pipeline check`.',
  ),
  LC_PLUGIN_SHAPE: entry(
    'A plugin module does not export a plugin.',
    'Export it as default: `export default defineTransform({ ... })`.',
  ),
  LC_PLUGIN_DUPLICATE: entry('Two plugins offer one type.', 'Rename one of them, or load only one.'),
  LC_PLUGIN_ASYNC_TAP: entry(
    'An async function taps a sync hook, so nothing would wait for it.',
    'Use a plain function, or an async hook with tapPromise.',
  ),
  LC_PLUGIN_THREW: entry(
    'A plugin threw.',
    'Mend the plugin at the place shown; the component is started again after a pause, and what it had not finished comes again.',
    true,
  ),
  LC_PLUGIN_CONTRACT: entry('A plugin broke its contract.', 'Run the contract suites of @logcatch/testing on it.'),
  LC_INPUT_NO_MATCH: entry('No file matches.', 'Check the patterns and that the directories can be read.'),
  LC_INPUT_UNREADABLE: entry('A file cannot be read.', 'Check its permissions; it is tried again.', true),
  LC_INPUT_NOT_A_FILE: entry('A path is not a file.', 'Name files, or a pattern that matches files.', true),
  LC_INPUT_OUTSIDE_ROOTS: entry(
    'A file lies outside of `roots`.',
    'Add its folder to `roots`, if it may be read.',
    true,
  ),
  LC_INPUT_OWN_FILES: entry(
    "A pattern matches logcatch's own files.",
    'It is not read: that would never end. Only data_dir and what stdout and stderr go to are noticed: exclude yourself what outputs write elsewhere.',
  ),
  LC_OUTPUT_UNREACHABLE: entry(
    'An output cannot reach its server.',
    'Check address, network and server; it is tried again.',
    true,
  ),
  LC_OUTPUT_AUTH: entry(
    'A server refuses the credentials or the certificate.',
    'Check user, password, mechanism and CA.',
    true,
  ),
  LC_OUTPUT_TOPIC_MISSING: entry(
    'A topic does not exist.',
    'Create it with the command shown, or set create_topics.',
    true,
  ),
  LC_OUTPUT_FORBIDDEN: entry('The server does not allow this write.', 'Grant the user WRITE on the topic.', true),
  LC_OUTPUT_FAILED: entry('A write failed.', 'The same records are written again after a pause.', true),
  LC_OUTPUT_CLOSED: entry(
    'Nobody reads this output any more.',
    'Nothing has to be done: a pipeline that needs it ends. Next time it resumes from here in files; stdin cannot be read again.',
  ),
  LC_OUTPUT_FENCED: entry(
    'Another agent with this `agent_id` has taken over the output.',
    'Look for a second agent with the same `agent_id` and stop one of the two: a copy of the pipeline file or of data_dir on another host, or an old process. This one has stopped, and nothing of it counts twice.',
  ),
  LC_POSITIONS_MISSING: entry(
    'Positions that were committed with the records are not there any more.',
    'See whether it is the right cluster and the right positions topic, and whether `agent_id` and the name of the output are those of before. To go on from the positions in data_dir, set `on_missing_positions: local`: what they do not know of comes twice.',
  ),
  LC_POSITIONS_TOPIC: entry(
    'The topic for positions is not one that keeps them.',
    'Set its `cleanup.policy` to `compact`: with `delete`, positions of files that were quiet for long are lost.',
    true,
  ),
  LC_RECORD_NO_VALUE: entry(
    'A template has no value for a record.',
    'Set the attribute, or give a default: `{{ name:-default }}`.',
  ),
  LC_RECORD_REFUSED: entry('A server will never take a record.', 'See the reason with the record in the dead letters.'),
  LC_DEAD_LETTERS_FULL: entry(
    'The dead letters are full, so their source stops.',
    'See them with `pipeline dlq FILE ls`, then `replay` or `drop` some: the source goes on by itself.',
  ),
  LC_DEAD_LETTERS_OUTPUT: entry(
    'Dead letters cannot be replayed: their output is not in the pipeline.',
    'Bring it back under its id, or remove its dead letters: `pipeline dlq FILE drop --output ID --yes`.',
  ),
  LC_DATA_DIR: entry(
    'data_dir cannot be used.',
    'Set `data_dir:` in the pipeline file to a folder that this user can write, or let this user write there. Without it, it is beside the pipeline file.',
  ),
  LC_DATA_DIR_LOCKED: entry(
    'Another agent uses this data_dir.',
    'Stop it, or give this pipeline its own `name` or `data_dir`.',
  ),
  LC_STATE_NEWER: entry('The state was written by a newer logcatch.', 'Run that version, or choose another data_dir.'),
  LC_STATE_CORRUPT: entry(
    'The state database is damaged, or of another program.',
    'Nothing has to be done. Find out why (disk, another program); delete the file set aside when nobody needs it.',
  ),
  LC_STATE_WRITE: entry(
    'Positions cannot be written: what is being read is shipped on, and new files wait, those of a rotation too.',
    'Free space on the disk of data_dir; it is tried again.',
    true,
  ),
  LC_CHECKPOINT_UNKNOWN: entry(
    'There is no checkpoint of this path.',
    'See `pipeline checkpoints FILE ls` for those there are.',
  ),
  LC_CHECKPOINT_POSITION: entry(
    'A file has no such position.',
    'Give a number of bytes from 0 to its size, `beginning` or `end`.',
  ),
  LC_CONTROL_SOCKET: entry(
    'The control socket cannot be opened, so `pipeline status` and its like do not work; shipping goes on.',
    'Check that data_dir is on a local disk, and its path not too long.',
  ),
  LC_HTTP_LISTEN: entry(
    'The address of `http:` cannot be listened on; shipping goes on.',
    'Choose another one in the pipeline file, or stop what listens there; it is tried again.',
    true,
  ),
  LC_HTTP_TOKEN: entry(
    'The token of `http:` cannot be read, so nobody is let in; shipping goes on.',
    'Check the path, its permissions, and that it holds one word; it is tried again.',
    true,
  ),
  LC_AGENT_NOT_RUNNING: entry(
    'No agent runs on this data_dir.',
    'Start it with `pipeline run FILE`, and name the file that it was started with.',
  ),
  LC_AGENT_FORBIDDEN: entry(
    'This user may not talk to the agent.',
    'Run the command as the user that the agent runs as.',
  ),
  LC_AGENT_SILENT: entry(
    'The agent does not answer as it should.',
    'Try again; if it lasts, see its log and whether both are of the same version.',
    true,
  ),
  LC_TAP_COMPONENT: entry('There is no such component to tap.', 'Name one that runs: see `pipeline status FILE`.'),
  LC_TAP_FILTER: entry(
    'What a tap is to show cannot be understood.',
    '--grep takes a regular expression, --where a condition such as `level == "error"`.',
  ),
  LC_RUN_TIMEOUT: entry(
    'No progress was made for too long.',
    'See what is missing above; start again to resume from there.',
    true,
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorDetails {
  /** What to do; the table's hint when absent. */
  readonly hint?: string;
  readonly origin?: Origin;
  /** Key path (`outputs.kafka.topic`) or component id. */
  readonly at?: string;
  readonly cause?: unknown;
}

/** An error with a code from {@link errorTable}. Never put a secret into the message. */
export class LogcatchError extends Error {
  override readonly name = 'LogcatchError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly origin: Origin | undefined;
  readonly at: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? errorTable[code].hint;
    this.origin = details.origin;
    this.at = details.at;
  }

  get retriable(): boolean {
    return errorTable[this.code].retriable;
  }

  /** One line: `prod.yaml:12:5 LC_CONFIG_UNKNOWN_KEY outputs.kafka.broker: message. hint` */
  describe(): string {
    const { file, line, column } = this.origin ?? {};
    const place = file === undefined ? '' : `${[file, line, column].filter((part) => part !== undefined).join(':')} `;
    const at = this.at === undefined ? '' : `${this.at}: `;
    const message = /[.!?]$/.test(this.message) ? this.message : `${this.message}.`;
    return `${place}${this.code} ${at}${message} ${this.hint}`.trim();
  }
}

/** The message of whatever was thrown, with its causes, on one line. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` (${messageOf(error.cause)})`;
  return `${error.message || error.name}${cause}`;
}

/** One record of a batch that can never be written. */
export interface Refused {
  /** Index of the record in the batch given to `write`. */
  readonly index: number;
  readonly reason: LogcatchError;
  /** Where it was to go, e.g. a topic: stands with it in the dead letters. */
  readonly target?: string;
}

/** Thrown by an output's `write`: these records can never be written, all the others of the batch are. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly records: readonly Refused[];
  readonly receipts: readonly import('./output.ts').Receipt[];

  constructor(records: readonly Refused[], receipts: readonly import('./output.ts').Receipt[] = []) {
    super(`${plural(records.length, 'record')} refused: ${records[0]?.reason.message ?? 'no reason given'}`);
    this.records = records;
    this.receipts = receipts;
  }
}

/**
 * Thrown by an output's `write`: none of these records were written, and for now none can be, for a reason that concerns only
 * some sources, such as a topic that is missing. Other writes go on meanwhile. The engine reads nothing more of the batch's
 * source and gives its memory back where it can; when `over` resolves, the batch is written again, or what is in its place
 * when it has been read again. The reason is for people: say it with `ctx.degraded` too, since many writes may have it.
 */
export class Stuck extends Error {
  override readonly name = 'Stuck';
  readonly reason: LogcatchError;
  /** Resolves when a write is worth trying again; also when the output stops. */
  readonly over: Promise<void>;

  constructor(reason: LogcatchError, over: Promise<void>) {
    super(reason.message, { cause: reason });
    this.reason = reason;
    this.over = over;
  }
}
