import { chmodSync } from 'node:fs';
import { TemporaryFolder } from './servers/temporary-folder.ts';

/**
 * Vitest's globalSetup: whatever the tests of a run make in the system's temporary folder, they make in a folder of this run. So
 * nothing stays, also of tests that failed or never came to their end.
 */
export default function setup(): () => Promise<void> {
  const folder = new TemporaryFolder('logcatch-tests-');
  // A test looks at its files as another user.
  chmodSync(folder.path, 0o711);
  process.env.TMPDIR = folder.path;
  return () => folder.remove();
}
