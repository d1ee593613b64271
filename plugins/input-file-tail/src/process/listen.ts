import { watch } from 'node:fs';

export interface Listener {
  /** Something came, went or is another file: one with this name, where that is told. */
  entry(name: string | null): void;
  /** A file was written to. */
  written(name: string | null): void;
  failed(error: Error): void;
}

/** Listens to a folder until the function that this returns is called. @throws where the system gives no watch */
export type Listen = (folder: string, listener: Listener) => () => void;

/** What the system tells, as it is: no look at the disk, and nothing is known of what was there before. */
export const listen: Listen = (folder, { entry, written, failed }) => {
  const watcher = watch(folder, (event, name) => (event === 'change' ? written(name) : entry(name)));
  watcher.on('error', failed);
  return () => watcher.close();
};
