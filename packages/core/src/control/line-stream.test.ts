import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ControlServer } from './control.ts';
import { controlSocket } from './control-socket.ts';
import { type LineReader, LineStream } from './line-stream.ts';

test('nothing piles up for a reader that stands still, and one that goes ends it', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'logcatch-stream-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const opened = Promise.withResolvers<LineReader>();
  const closed = vi.fn<() => void>();
  const stream = () =>
    new LineStream((reader) => {
      opened.resolve(reader);
      return { tick: () => {}, close: closed };
    });
  const server = await ControlServer.open(dataDir, { 'GET /stream': stream });
  onTestFinished(() => server.close());
  const socket = connect(join(dataDir, controlSocket), () => socket.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n'));
  socket.pause();
  const reader = await opened.promise;
  await vi.waitFor(
    () => {
      reader.write(`${'x'.repeat(100_000)}\n`);
      expect(reader.full).toBe(true);
    },
    { timeout: 20_000, interval: 1 },
  );
  socket.resume();
  await vi.waitFor(() => expect(reader.full).toBe(false), { timeout: 20_000 });
  socket.destroy();
  await vi.waitFor(() => expect(closed).toHaveBeenCalledOnce(), { timeout: 20_000 });
});
