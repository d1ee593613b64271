import { getSystemErrorMessage } from 'node:util';
import { LogcatchError, messageOf } from '@logcatch/plugin-api';

const again = 'The same records are written again after a pause, and none is lost.';

const hints: Readonly<Record<string, string>> = {
  ENOSPC: `Free space on its disk. ${again}`,
  EDQUOT: `Free space, or raise the quota of this user. ${again}`,
  EACCES: `Let this user write there. ${again}`,
  EPERM: `Let this user write there. ${again}`,
  EROFS: `Its file system is mounted read-only. ${again}`,
  EMFILE: `Lower \`max_open_files\`, or raise the limit of open files (ulimit -n). ${again}`,
};

/** What went wrong with a file or folder, in words. */
export function explain(error: unknown, path: string): LogcatchError {
  if (error instanceof LogcatchError) return error;
  const { code = '', errno } = error as NodeJS.ErrnoException;
  const what = errno === undefined ? messageOf(error) : getSystemErrorMessage(errno);
  const hint = hints[code];
  return new LogcatchError('LC_OUTPUT_FAILED', `cannot write to ${path}: ${what}`, {
    cause: error,
    ...(hint && { hint }),
  });
}

/** Whether a path can never become a file that is written to, because of what stands there. */
export function isLasting(error: unknown): boolean {
  return ['EISDIR', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Whether this user may not write to a path: others may be writable. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '');
}
