import type { FieldReader } from './fields.ts';

/** A request in one version of it, which every broker from Kafka 2.5 on understands, and how to read its answer. */
export interface Call<T> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  readonly body: Buffer;
  read(answer: FieldReader): T;
}
