import { type ErrorCode, LogcatchError, messageOf } from '@logcatch/plugin-api';

/**
 * What a lane does about a failure.
 * - `retry`: the same again after a pause, without limit
 * - `shrink`: the record batch is too large: smaller ones; a record that is alone is refused
 * - `bisect`: some record in it is not acceptable: halves, until it is alone and refused
 * - `restamp`: the broker does not follow our sequence numbers: a new producer id, if it stays so
 * - `give back`: the partition has gone: the engine writes these records again, to another one
 */
export type Remedy = 'retry' | 'shrink' | 'bisect' | 'restamp' | 'give back';

export interface FailureDetails {
  readonly remedy?: Remedy;
  /** Whether the records may be in the log all the same. Default false. */
  readonly unknown?: boolean;
  readonly hint?: string;
  /** The broker's answer by its name. */
  readonly answer?: string;
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

  constructor(code: ErrorCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.remedy = details.remedy ?? 'retry';
    this.unknown = details.unknown ?? false;
    this.hint = details.hint;
    this.answer = details.answer;
  }

  /** Whatever was thrown: what is not understood may have been written, and is tried again. */
  static from(error: unknown): SendFailure {
    if (error instanceof SendFailure) return error;
    return new SendFailure('LC_OUTPUT_FAILED', messageOf(error), { unknown: true, cause: error });
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
