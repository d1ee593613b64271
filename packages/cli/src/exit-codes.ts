/** Documented in the help text. */
export const exitCode = {
  done: 0,
  /** It ran and did not do all: records not delivered, no file matched, data_dir not usable; or the agent does not run well. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  invalid: 2,
  /** A command about a running agent found none. */
  notRunning: 3,
} as const;

export type EndingSignal = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

/** As shells see a process that a signal ended. */
export function signalExitCode(signal: EndingSignal): number {
  return 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
}
