/** Takes the fields of a text. */
export interface FieldSink {
  add(name: string, value: string): void;
  /** A value that stands in the text as it is, from one index to another: no text is made of it before somebody asks. */
  addSlice(name: string, from: number, to: number): void;
}

/** Finds the fields of a text. Returns why it could not, in one of few wordings; what it added by then does not count. */
export type Format = (text: string, fields: FieldSink) => string | undefined;
