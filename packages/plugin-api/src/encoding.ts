import type { Batch } from './batch.ts';

const lineFeed = 10;

/** The records as they are, each with a line end, at the start of `target`: it has room for `batch.size + batch.count` bytes. */
export function textLines(batch: Batch, target: Buffer): Buffer {
  const { buffer, starts, ends, count } = batch;
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += buffer.copy(target, at, starts[i]!, ends[i]!);
    target[at++] = lineFeed;
  }
  return target.subarray(0, at);
}

/** Each record by {@link jsonOf}, with a line end. */
export function jsonLines(batch: Batch): Buffer {
  const json = jsonOf(batch);
  let text = '';
  for (let i = 0; i < batch.count; i++) text += `${json(i)}\n`;
  return Buffer.from(text);
}

/** Each record as `{"path":"/var/log/a.log",...,"message":"the line"}`; what is the same for all is made once. */
export function jsonOf(batch: Batch): (index: number) => string {
  const columns = [...batch.columns].filter((name) => name !== 'message');
  const { message: _, ...attributes }: Record<string, string> = batch.attributes;
  for (const name of columns) delete attributes[name];
  const constant = JSON.stringify(attributes).slice(1, -1);
  const begin = constant ? `{${constant},` : '{';
  return (index) => {
    let text = begin;
    for (const name of columns) {
      const value = batch.attribute(name, index);
      if (value !== undefined) text += `${JSON.stringify(name)}:${JSON.stringify(value)},`;
    }
    return `${text}"message":${JSON.stringify(batch.text(index))}}`;
  };
}
