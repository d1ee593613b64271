import { defineTransform, z } from '@logcatch/plugin-api';

/** Whether a byte is ASCII white space: tab, LF, vertical tab, form feed, CR or space. */
function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

export default defineTransform({
  type: 'drop-blank',
  description: 'Drops records that are empty or only white space.',
  options: z.strictObject({}),
  sets: () => [],
  create: () => ({
    apply: (batch) =>
      batch.filterRanges((buffer, start, end) => {
        for (let i = start; i < end; i++) if (!isSpace(buffer[i]!)) return true;
        return false;
      }),
  }),
});
