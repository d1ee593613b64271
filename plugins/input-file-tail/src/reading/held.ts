/** Whole lines of a file that are not shipped yet, as more may belong to their record. */
export class Held {
  /** Position in the file: what was last added to it ends here. */
  readonly to: number;
  /** By the clock: if nothing is added until then, it is complete. */
  readonly until: number;
  /** Nothing was added for so long: it is to be read now. */
  due = false;

  constructor(to: number, until: number) {
    this.to = to;
    this.until = until;
  }
}
