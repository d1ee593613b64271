import { openFile } from '../identity/file.ts';
import type { InputParts } from '../parts.ts';
import type { Tail } from '../reading/tail.ts';
import { listing } from './listing.ts';

/** Parked files that are not at their paths any more, and where they are, if they are in the folder where they lay. */
export async function* movedAway({ tails, process }: InputParts): AsyncGenerator<[Tail, path: string | undefined]> {
  const missing = tails.list.filter((tail) => tail.file.missing);
  for (const [folder, lost] of Map.groupBy(missing, ({ file }) => file.realFolder)) {
    const { files } = await listing(process.disk, folder, process.slices);
    for (const tail of lost) {
      if (!tail.file.missing) continue;
      const path = files.get(tail.key);
      const file = path === undefined ? undefined : await openFile(process.disk, path).catch(() => undefined);
      await file?.handle.close();
      yield [tail, file && tail.file.recognises(file, tail.position) ? path : undefined];
    }
  }
}
