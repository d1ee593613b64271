import { duration, list, pattern, size, z } from '@logcatch/plugin-api';
import { encodingNames, longestCharacter } from './framing/encoding.ts';

/** The longest `max_line_bytes`: a line, its CR LF and what is looked at before it have to fit into the largest chunk. */
export const longestLine = 1_000_000;

const multiline = z
  .strictObject({
    start: pattern().optional().describe('A record begins at a line that matches.'),
    continue: pattern().optional().describe('A line that matches belongs to the record before it.'),
    end: pattern().optional().describe('A record ends with a line that matches.'),
    timeout: duration()
      .prefault('5s')
      .describe('What is there of a record is sent when nothing was added to it for this long.'),
    max_lines: z
      .number()
      .int()
      .min(2)
      .max(10_000)
      .default(500)
      .describe('A record of so many lines is sent; what would go on with it is the next one.'),
    max_bytes: size()
      .pipe(z.number().int().min(1).max(longestLine))
      .prefault(longestLine)
      .describe('The same for one that would reach over more bytes of the file than this. At most 1MB.'),
  })
  .refine(
    (rule) => [rule.start, rule.continue, rule.end].filter(Boolean).length === 1,
    'name one pattern: `start`, `continue` or `end`',
  );

export const options = z
  .strictObject({
    paths: patterns().describe(
      'Files to read, relative to the pipeline file. Patterns: `*`, `?`, `[ab]`, `{a,b}`, and `**` for any folders; `{name}` is a part of a path that becomes the attribute `name`. As in a shell, a wildcard does not match a leading dot.',
    ),
    exclude: patterns()
      .optional()
      .describe(
        'Files to leave out, and folders with all they hold, as in `paths`; what is named in `paths` too. Without a slash it is compared with each name on the way to a file: `*.gz`, `old`.',
      ),
    from: z
      .enum(['beginning', 'end'])
      .default('beginning')
      .describe(
        'Where to begin in files that exist when this input starts for the first time. Files that appear later are read from their beginning, files with a checkpoint from there.',
      ),
    ignore_older: duration()
      .optional()
      .describe(
        'Leaves files alone that were not changed for longer than this and were never read. One that is written to again is read from its beginning, also with `from: end`.',
      ),
    oldest_first: z
      .boolean()
      .default(false)
      .describe(
        'Reads files one after the other, the one that was changed the longest time ago first, instead of in turns.',
      ),
    watch: z
      .enum(['auto', 'poll'])
      .default('auto')
      .describe(
        'Whether changes are told by the operating system (inotify), with polling behind it, or found by polling alone: for network file systems, which tell nothing.',
      ),
    max_open_files: z
      .number()
      .int()
      .min(1)
      .optional()
      .describe(
        'Files open at once, for all inputs of the process (the least counts). Default: half of what the process may open. Others are opened when they have grown.',
      ),
    max_bytes_per_second: size()
      .pipe(z.number().int().min(1))
      .optional()
      .describe('How fast backlogs are read, at most. A file of which less than 512KiB is unread is not held back.'),
    close_inactive: duration()
      .prefault('5m')
      .describe('A file that has not grown for this long is closed, and opened again when it does.'),
    close_renamed: duration()
      .prefault('60s')
      .describe(
        'A file that was renamed to a path that does not match is closed at its end when it has not grown for this long.',
      ),
    close_removed: duration().prefault('5s').describe('The same for one that was deleted.'),
    roots: list()
      .optional()
      .describe(
        'Folders that files must lie in, where their real paths lead, links followed. Use it where paths come from a remote source.',
      ),
    strip_cr: z.boolean().default(true).describe('Whether one CR before the LF belongs to the line end.'),
    max_line_bytes: size()
      .pipe(z.number().int().min(1).max(longestLine))
      .prefault(longestLine)
      .describe('Longer lines are split into records of this size. At most 1MB.'),
    compression: z
      .enum(['auto', 'none'])
      .default('auto')
      .describe(
        'Whether gzip files, told by their first bytes, are decompressed. One that is the rotated form of a file that was read is not read again. Positions in it are those of what it holds.',
      ),
    multiline: multiline.optional().describe('Makes records of several lines, by one pattern.'),
    encoding: z
      .enum(encodingNames)
      .default('utf-8')
      .describe(
        'How files are encoded. Records are UTF-8; with `utf-8` bytes are shipped as they are. A byte order mark says which UTF-16 it is.',
      ),
    format: z
      .enum(['lines', 'docker', 'cri'])
      .default('lines')
      .describe(
        'What wrote the lines: `docker` (json-file) and `cri` (containerd, CRI-O) add to the text of a program, which becomes the record, the attributes `stream` and `time`.',
      ),
  })
  .refine(({ encoding, max_line_bytes: most }) => encoding === 'utf-8' || most >= longestCharacter, {
    message: `a character can have ${longestCharacter} bytes, and none is cut: at least so many`,
    path: ['max_line_bytes'],
  })
  .refine(({ encoding, format }) => encoding === 'utf-8' || format === 'lines', {
    message: 'what container runtimes write is always utf-8',
    path: ['encoding'],
  });

export type Options = z.output<typeof options>;

function patterns() {
  return list().transform(joinBraces);
}

/** Puts back together what the commas of `{a,b}` have cut when a list was written as one text. */
export function joinBraces(entries: readonly string[]): string[] {
  const joined: string[] = [];
  let depth = 0;
  for (const entry of entries) {
    if (depth > 0) joined.push(`${joined.pop()},${entry}`);
    else joined.push(entry);
    depth += count(entry, '{') - count(entry, '}');
  }
  return joined;
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
