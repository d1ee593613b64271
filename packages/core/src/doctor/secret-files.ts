import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { type Finding, messageOf } from '@logcatch/plugin-api';
import type { Desired, JsonValue } from '../config/index.ts';
import { viewOf } from '../config/schema-view.ts';

/** Whether files with secrets can be read by us, and by nobody else. What is in them is not looked at. */
export async function* secretFiles(desired: Desired, resolve: (path: string) => string): AsyncGenerator<Finding> {
  const { http, sources, inputs, transforms, outputs } = desired;
  const ofOptions = [...sources, ...inputs, ...transforms, ...outputs].flatMap(({ definition, resolved }) =>
    filesIn(resolved, viewOf(definition.options).isSecret),
  );
  const files = typeof http?.token === 'object' ? [http.token.file, ...ofOptions] : ofOptions;
  for (const path of new Set(files.map(resolve))) {
    try {
      await access(path, constants.R_OK);
      const mode = (await stat(path)).mode & 0o777;
      if ((mode & 0o077) === 0) yield { level: 'ok', what: `${path} can be read by its owner alone` };
      else {
        const what = `the secret in ${path} is open to others: its mode is ${mode.toString(8)}`;
        yield { level: 'warning', what, hint: `\`chmod 600 ${path}\`, and let it belong to the user of the agent.` };
      }
    } catch (error) {
      const what = `the secret in ${path} cannot be read: ${messageOf(error)}`;
      yield { level: 'problem', what, hint: 'Check the path, and that the user of the agent may read it.' };
    }
  }
}

type Path = (string | number)[];

/** Of secrets that are given as `{ file: PATH }`. */
function filesIn(value: JsonValue, isSecret: (path: Path) => boolean, path: Path = []): string[] {
  if (value === null || typeof value !== 'object') return [];
  if (Array.isArray(value)) return value.flatMap((item, index) => filesIn(item, isSecret, [...path, index]));
  return Object.entries(value).flatMap(([key, item]) => {
    const at = [...path, key];
    return key === 'file' && typeof item === 'string' && isSecret(path) ? [item] : filesIn(item, isSecret, at);
  });
}
