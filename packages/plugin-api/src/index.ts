/** All that a plugin imports. Read in this order: define, batch, source, input, output, transform, config-source, hooks. */
export { abortable } from './abortable.ts';
export { Batch, type BatchInit, batchOf, LogRecord } from './batch.ts';
export type { Buffers, Chunk } from './buffers.ts';
export { type Column, DictionaryColumn, TextColumn } from './column.ts';
export { Condition } from './condition.ts';
export type * from './config-source.ts';
export type { ComponentContext, LogFields, Logger } from './context.ts';
export * from './define.ts';
export type { Examined, Finding } from './diagnosis.ts';
export { jsonLines, jsonOf, textLines } from './encoding.ts';
export {
  type ErrorCode,
  type ErrorDetails,
  type ErrorEntry,
  errorTable,
  LogcatchError,
  messageOf,
  type Origin,
  type Refused,
  Rejected,
  Stuck,
} from './errors.ts';
export { nearestThere, networkFileSystem } from './file-system.ts';
export { FileWatch, type FileWatchOptions } from './file-watch.ts';
export type * from './hooks.ts';
export type { Input, InputContext, PathExplanation } from './input.ts';
export type { Figures, Output, OutputContext, Positions, Preview, Receipt, Transactions } from './output.ts';
export { groupsOf } from './pattern.ts';
export { plural } from './plural.ts';
export { printable } from './printable.ts';
export { condition, duration, list, pattern, type Secret, secret, size, template, z } from './schema.ts';
export { sleep } from './sleep.ts';
export type * from './source.ts';
export type { State, Status } from './status.ts';
export { Missing, Template } from './template.ts';
export type { Applied, Transform, TransformContext } from './transform.ts';
export { within } from './within.ts';
