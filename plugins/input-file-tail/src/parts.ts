import type { Attributes, InputContext } from '@logcatch/plugin-api';
import type { Finder } from './find/finder.ts';
import type { RotatedForms } from './identity/rotated-forms.ts';
import type { InputLooks } from './process/looks.ts';
import type { Process } from './process/process.ts';
import type { Unpackings } from './process/unpackings.ts';
import type { Tail } from './reading/tail.ts';
import type { Tails } from './reading/tails.ts';
import type { Turns } from './reading/turns.ts';
import type { Troubles } from './troubles.ts';

/** What the parts of one input share. */
export interface InputParts {
  readonly ctx: InputContext;
  readonly process: Process;
  readonly finder: Finder;
  readonly tails: Tails;
  readonly forms: RotatedForms;
  readonly unpackings: Unpackings;
  readonly turns: Turns;
  readonly looks: InputLooks<Tail>;
  readonly troubles: Troubles;
  /** What the patterns know of a path. */
  attributesOf(path: string): Attributes | undefined;
}
