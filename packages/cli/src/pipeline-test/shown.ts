import type { Attributes } from '@logcatch/plugin-api';

/** A record as a test sees it. */
export interface Shown {
  readonly value: string;
  /** What else there is to see, by its name: topic, key, headers. */
  readonly fields: Readonly<Record<string, string | Readonly<Record<string, string>> | undefined>>;
  readonly attributes: Attributes;
}
