import { longestLine, type Options } from '../options.ts';
import { cri, docker, whyNotCri, whyNotDocker } from './container.ts';
import { Encoded } from './encoded.ts';
import type { Framer } from './framer.ts';
import { joiningOf, lineByLine } from './joining.ts';
import { Lines } from './lines.ts';
import { Multiline } from './multiline.ts';
import { Streams } from './streams.ts';

/** Lines of one batch, at most. */
const mostLines = 65_536;
/** Milliseconds for which the rest of a line is waited for that a container runtime wrote in parts. */
const partsTimeout = 5_000;

type FramingOptions = Pick<Options, 'strip_cr' | 'max_line_bytes' | 'multiline' | 'encoding' | 'format'>;

/**
 * Bytes become lines, lines those of a program in a container, these become records of several lines, and their text is decoded:
 * as far as the options ask for it.
 * @param wanted the most records that a batch may hold now
 */
export function framerOf(options: FramingOptions, wanted: () => number): Framer {
  const { strip_cr: stripCr, max_line_bytes: maxLineBytes, multiline, encoding, format } = options;
  const maxRecords = () => Math.min(wanted(), mostLines);
  const joined = multiline || format !== 'lines';
  const lines = new Lines({
    stripCr,
    // In a container the limit is that of the text, which comes in parts.
    maxLineBytes: format === 'lines' ? maxLineBytes : longestLine,
    get maxRecords() {
      return joined ? mostLines : maxRecords();
    },
  });
  const joining = multiline ? joiningOf(multiline, maxRecords) : lineByLine(maxLineBytes, partsTimeout, maxRecords);
  if (format !== 'lines')
    return new Streams(lines, format === 'cri' ? [cri, whyNotCri] : [docker(stripCr), whyNotDocker], joining);
  const framer = multiline ? new Multiline(lines, joining) : lines;
  return encoding === 'utf-8' ? framer : new Encoded(framer, encoding);
}
