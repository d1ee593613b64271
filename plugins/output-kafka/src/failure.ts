import { type ErrorCode, LogcatchError, messageOf } from '@logcatch/plugin-api';

/**
 * What a lane does about a failure.
 * - `retry`: the same again after a pause, without limit
 * - `shrink`: the record batch is too large: smaller ones; a record that is alone is refused
 * - `bisect`: some record in it is not acceptable: halves, until it is alone and refused
 * - `restamp`: the broker does not follow our sequence numbers: a new producer id, if it stays so; a transaction is void
 * - `give back`: the partition has gone: the engine writes these records again, to another one
 */
export type Remedy = 'retry' | 'shrink' | 'bisect' | 'restamp' | 'give back';

/** Records wait in memory for so long, in ms, for most failures to pass. */
export const usualPatienceMs = 5000;

export interface FailureDetails {
  readonly remedy?: Remedy;
  /** Whether the records may be in the log all the same. Default false. */
  readonly unknown?: boolean;
  readonly hint?: string;
  /** The broker's answer by its name. */
  readonly answer?: string;
  /**
   * How long records wait in memory for it to pass, in ms, before what they are for is stuck; 0 for what lasts until a person
   * does something about it. Default 5,000.
   */
  readonly patience?: number;
  readonly cause?: unknown;
}

/** A send that failed, for reasons that a person can read and a lane can act on. */
export class SendFailure extends Error {
  override readonly name = 'SendFailure';
  readonly code: ErrorCode;
  readonly remedy: Remedy;
  readonly unknown: boolean;
  readonly hint: string | undefined;
  readonly answer: string | undefined;
  readonly patience: number;
  readonly #details: FailureDetails;

  constructor(code: ErrorCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy ?? 'retry';
    this.unknown = details.unknown ?? false;
    this.hint = details.hint;
    this.answer = details.answer;
    this.patience = details.patience ?? usualPatienceMs;
    this.#details = details;
  }

  /** Whatever was thrown: what is not understood may have been written, and is tried again. */
  static from(error: unknown): SendFailure {
    if (error instanceof SendFailure) return error;
    return new SendFailure('LC_OUTPUT_FAILED', messageOf(error), { unknown: true, cause: error });
  }

  /** The same of something that has written nothing, whatever became of it. */
  ofQuestion(): SendFailure {
    return new SendFailure(this.code, this.message, { ...this.#details, unknown: false });
  }

  /** Why a record can never be written, for those who read the dead letters. @param what was to be written, or where to */
  refusal(what: string): LogcatchError {
    const { hint, cause } = this;
    return new LogcatchError('LC_RECORD_REFUSED', `${what}: ${this.message}`, { ...(hint && { hint }), cause });
  }

  /** @param what it is about */
  toError(what?: string): LogcatchError {
    const message = what === undefined ? this.message : `${what}: ${this.message}`;
    return new LogcatchError(this.code, message, { ...(this.hint && { hint: this.hint }), cause: this.cause });
  }
}
