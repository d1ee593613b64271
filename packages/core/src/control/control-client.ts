import { errorTable, LogcatchError, messageOf } from '@logcatch/plugin-api';
import { readPid } from '../state/agent-pid.ts';
import { forbidden } from '../state/state-failure.ts';
import type { ControlFailure } from './control.ts';
import { controlSocket, type SocketAddress, socketAddress } from './control-socket.ts';
import { request as httpRequest } from './http.ts';

/** Above what a busy agent takes for 10,000 inputs. */
const longestSilence = 10_000;
/** Bytes of an answer. */
const longestAnswer = 256 << 20;

/**
 * Asks the agent that runs on a data_dir.
 * @param path `/status`
 * @param patience milliseconds without a sign of the agent
 * @returns the JSON that it answers
 * @throws LC_AGENT_NOT_RUNNING, LC_AGENT_FORBIDDEN, LC_AGENT_SILENT, and what the command throws
 */
export async function askAgent(
  dataDir: string,
  method: 'GET' | 'POST',
  path: string,
  patience = longestSilence,
): Promise<unknown> {
  let address: SocketAddress | undefined;
  try {
    address = socketAddress(dataDir, controlSocket);
    const { status, body } = await exchange(address.path, method, path, patience);
    if (status !== 200) throw failureOf(status, body);
    return JSON.parse(body);
  } catch (error) {
    throw explain(error, dataDir);
  } finally {
    address?.close();
  }
}

/**
 * Reads the lines of an answer that goes on until the agent ends, each as JSON.
 * @param path `/tap?component=app`
 * @param line called in order; it may hold up everything for as long as it likes
 * @throws LC_AGENT_NOT_RUNNING when it ends, what {@link askAgent} throws, and the signal's reason
 */
export async function followAgent(
  dataDir: string,
  path: string,
  line: (value: unknown) => void,
  signal: AbortSignal,
): Promise<never> {
  let address: SocketAddress | undefined;
  try {
    address = socketAddress(dataDir, controlSocket);
    await follow(address.path, path, line, signal);
    throw stopped();
  } catch (error) {
    signal.throwIfAborted();
    throw (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? stopped() : explain(error, dataDir);
  } finally {
    address?.close();
  }
}

function follow(socketPath: string, path: string, line: (value: unknown) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = 0;
    let rest = '';
    const request = httpRequest({ socketPath, path, agent: false, timeout: longestSilence, signal }, (response) => {
      const status = response.statusCode!;
      response.setEncoding('utf8').on('data', (text: string) => {
        heard++;
        rest += text;
        if (status !== 200) return;
        const lines = rest.split('\n');
        rest = lines.pop()!;
        for (const one of lines) if (!signal.aborted) line(JSON.parse(one));
      });
      response.on('error', reject);
      response.on('end', () => (status === 200 ? resolve() : reject(failureOf(status, rest))));
    });
    request.on('timeout', () => {
      // Whoever reads may have stood still for as long: then it has come, and was not looked at.
      const before = heard;
      setImmediate(() => heard === before && request.destroy(new Silence(longestSilence)));
    });
    request.on('error', reject);
    request.end();
  });
}

function stopped(): LogcatchError {
  return new LogcatchError('LC_AGENT_NOT_RUNNING', 'the agent stopped');
}

/** Nothing came for so many milliseconds. */
class Silence extends Error {
  constructor(patience: number) {
    super(`nothing came for ${patience / 1_000} s`);
  }
}

/** What an answer that is not 200 says. */
function failureOf(status: number, body: string): LogcatchError {
  const { error, code, hint } = JSON.parse(body) as ControlFailure;
  if (code !== undefined && Object.hasOwn(errorTable, code)) {
    return new LogcatchError(code, error, hint === undefined ? {} : { hint });
  }
  return new LogcatchError('LC_AGENT_SILENT', `it answers ${status}: ${error}`);
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function exchange(socketPath: string, method: string, url: string, patience: number): Promise<Answer> {
  const [path, form] = method === 'POST' ? url.split('?', 2) : [url];
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, agent: false, timeout: patience }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > longestAnswer) request.destroy(new Error('the answer has no end'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString() }));
    });
    request.on('timeout', () => request.destroy(new Silence(patience)));
    request.on('error', reject);
    request.end(form);
  });
}

function explain(error: unknown, dataDir: string): LogcatchError {
  if (error instanceof LogcatchError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const cause = { cause: error };
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new LogcatchError('LC_AGENT_NOT_RUNNING', `no agent runs on ${dataDir}`, cause);
  }
  if (code === 'ECONNREFUSED') {
    const message = `no agent runs on ${dataDir}; the one that did was killed`;
    return new LogcatchError('LC_AGENT_NOT_RUNNING', message, cause);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return forbidden(dataDir, error);
  }
  return error instanceof Silence
    ? frozen(error, dataDir)
    : new LogcatchError('LC_AGENT_SILENT', messageOf(error), cause);
}

/** Something listens on its socket, so it is there. */
function frozen(cause: Silence, dataDir: string): LogcatchError {
  const pid = readPid(dataDir);
  const agent = pid === undefined ? 'the agent' : `the agent with pid ${pid}`;
  const message = `${cause.message}: ${agent} is there, and is stopped or very busy`;
  if (pid === undefined) return new LogcatchError('LC_AGENT_SILENT', message, { cause });
  const hint = `Try again; where \`ps -o stat= -p ${pid}\` shows T it is stopped, and \`kill -CONT ${pid}\` lets it go on.`;
  return new LogcatchError('LC_AGENT_SILENT', message, { hint, cause });
}
