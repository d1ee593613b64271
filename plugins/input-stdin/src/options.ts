import { size, z } from '@logcatch/plugin-api';

/** The longest `max_line_bytes`: a line and its CR LF have to fit into the largest chunk. */
const longestLine = 1_000_000;

export const options = z.strictObject({
  strip_cr: z.boolean().default(true).describe('Whether one CR before the LF belongs to the line end.'),
  max_line_bytes: size()
    .pipe(z.number().int().min(1).max(longestLine))
    .prefault(longestLine)
    .describe('Longer lines are split into records of this size. At most 1MB.'),
});

export type Options = z.output<typeof options>;
