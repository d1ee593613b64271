import { ConfigErrors, Engine, Log, type LogFormat, type LogLevel, writeToStderr } from '@logcatch/core';
import { type ErrorCode, LogcatchError } from '@logcatch/plugin-api';
import { bundled } from './bundled.ts';
import { exitCode } from './exit-codes.ts';
import { printAside } from './print.ts';

/** @param write takes the lines of the log; default: stderr */
export function makeEngine(level: LogLevel, format?: LogFormat, write = writeToStderr): Engine {
  const terminal = process.stderr.isTTY === true;
  const log = new Log({
    level,
    format: format ?? (terminal ? 'pretty' : 'json'),
    colors: terminal && process.stderr.hasColors(),
    write,
  });
  return new Engine({ log, bundled, env: process.env });
}

/** Prints errors that a person can mend, and returns the exit code they mean. Anything else is a bug and is thrown on. */
export function printErrors(error: unknown): number {
  if (error instanceof ConfigErrors) {
    for (const each of error.errors) printAside(each.describe(), 2);
    return exitCode.invalid;
  }
  if (error instanceof LogcatchError) {
    printAside(error.describe(), 2);
    return codeOf(error.code);
  }
  throw error;
}

function codeOf(code: ErrorCode): number {
  if (code === 'LC_AGENT_NOT_RUNNING') return exitCode.notRunning;
  return code.startsWith('LC_CONFIG_') || code.startsWith('LC_TAP_') ? exitCode.invalid : exitCode.failed;
}
