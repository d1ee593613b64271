/** What is asked of the agent that serves this page. */
import { kept } from './token.js';

/** It wants a token, or another one. */
export class Unknown extends Error {}

/**
 * @param {string} path relative to this page, so that a proxy may put it where it likes
 * @param {AbortSignal} signal
 */
async function ask(path, signal) {
  const token = kept();
  const response = await fetch(path, {
    signal,
    cache: 'no-store',
    credentials: 'omit',
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  if (response.ok) return response;
  const text = (await response.text()).trim();
  throw response.status === 401 ? new Unknown(text) : new Error(text || `It answered ${response.status}.`);
}

/** Whether the agent wants a token that this tab does not have: asked where everybody is answered, so that no request fails. */
export async function wantsToken() {
  if (kept() !== null) return false;
  const { headers } = await ask('healthz', AbortSignal.timeout(patience));
  return headers.has('www-authenticate');
}

/** Milliseconds for an answer, and for a sign of life of one that goes on. */
export const patience = 5_000;

/** Whether nothing came from the agent: the network throws those two. @param {unknown} error */
export const isSilence = (error) => error instanceof TypeError || error instanceof DOMException;

/**
 * @param {string} path
 * @returns {Promise<{ value: any, size: number }>} what it answers, and how many characters that took
 */
export async function get(path) {
  const text = await (await ask(path, AbortSignal.timeout(patience))).text();
  return { value: JSON.parse(text), size: text.length };
}

/**
 * Lines of JSON, until the signal or the end of the agent.
 * @param {string} path
 * @param {AbortSignal} signal
 * @param {(lines: any[]) => void} told
 */
export async function follow(path, signal, told) {
  const { body } = await ask(path, signal);
  if (!body) return;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) told(lines.map((line) => JSON.parse(line)));
  }
}
