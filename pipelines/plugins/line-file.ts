import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defineOutput, z } from '@logcatch/plugin-api';

export default defineOutput({
  type: 'line-file',
  description: 'Appends records to a file.',
  options: z.strictObject({ path: z.string().describe('The file; made when it does not exist.') }),
  summarize: ({ path }) => path,
  create: ({ path }, context) => {
    let file: FileHandle | undefined;
    return {
      async start() {
        const absolute = context.resolve(path);
        await mkdir(dirname(absolute), { recursive: true });
        file = await open(absolute, 'a');
      },
      // Throwing is enough: logcatch writes the same batch again after a pause.
      async write(batch) {
        await file!.appendFile([...batch].map((record) => `${record.text}\n`).join(''));
        await file!.datasync();
      },
      async stop() {
        await file?.close();
        file = undefined;
      },
    };
  },
});
