/** Documented in the help text and docs/cli.md. */
export const exitCode = {
  done: 0,
  /** It ran and did not do all: records not delivered, no file matched, data_dir not usable. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  invalid: 2,
} as const;

/** As shells see a process that a signal ended. */
export function signalExitCode(signal: 'SIGINT' | 'SIGTERM'): number {
  return 128 + { SIGINT: 2, SIGTERM: 15 }[signal];
}
