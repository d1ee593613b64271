import { fileURLToPath } from 'node:url';
import type { Origin } from '@logcatch/plugin-api';

/** Code of the engine is never the place that is looked for. */
const ownFolder = fileURLToPath(new URL('.', import.meta.url));

/** Where a plugin's code could not be read, or threw: the first place of an error's stack that is neither Node's nor a package's. */
export function placeOf(error: unknown): Origin | undefined {
  const [first = '', ...lines] = (error instanceof Error ? error.stack : undefined)?.split('\n') ?? [];
  // What cannot be compiled has its place before everything else.
  const [, source, at] = /^(?:file:\/\/)?(\/.+):(\d+)$/.exec(first) ?? [];
  if (source) return { file: source, line: Number(at) };
  for (const line of lines) {
    const [, file, row, column] = /(?:\(|at )(?:async )?(?:file:\/\/)?(\/[^()]+):(\d+):(\d+)\)?$/.exec(line) ?? [];
    if (file && !file.includes('/node_modules/') && !file.startsWith(ownFolder))
      return { file, line: Number(row), column: Number(column) };
  }
  return undefined;
}
