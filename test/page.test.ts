import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, launch, type Page } from 'puppeteer-core';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type Chromium, chromium, Unavailable } from './servers/index.ts';
import { freePort } from './servers/process.ts';
import { pipelineFile, startAgent, statusOf, temporaryFolder } from './support/agent.ts';

/** Without it the test is skipped, and fails with CI=true, as those of servers. */
const program = await chromium().catch((error: unknown): Chromium | undefined => {
  if (!(error instanceof Unavailable) || process.env.CI === 'true') throw error;
  console.log(`!!! SKIPPING the test that needs it: ${error.message}`);
  return undefined;
});

/** An output that writes nothing while a file is there. */
const shelf = `
import { existsSync } from 'node:fs';
import { defineOutput, LogcatchError, z } from '@logcatch/plugin-api';

export default defineOutput({
  type: 'shelf',
  description: 'Keeps what it is given, unless it is closed.',
  options: z.strictObject({ closed: z.string() }),
  create: ({ closed }) => ({
    async start() {},
    async stop() {},
    async write() {
      if (!existsSync(closed)) return;
      throw new LogcatchError('LC_OUTPUT_FAILED', 'the shelf is closed', { hint: 'Open the shelf.' });
    },
  }),
});
`;

const until = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 60_000, interval: 100 });

async function browse(): Promise<Browser> {
  const { command, env } = program!;
  // It shows a page of ours alone; who runs as root, or in a container, has no sandbox.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const browser = await launch({ executablePath: command, env, args });
  onTestFinished(() => browser.close());
  return browser;
}

/** What must not happen to a page. */
function watched(page: Page, origin: string) {
  const wrong: string[] = [];
  let bytes = 0;
  page.on('console', (message) => ['error', 'warn'].includes(message.type()) && wrong.push(message.text()));
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('dialog', (dialog) => {
    wrong.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:')) wrong.push(`asks ${url}`);
  });
  page.on('response', (response) => {
    if (/\.(js|css)$|\/$/.test(response.url())) bytes += Number(response.headers()['content-length'] ?? 0);
  });
  return { wrong, bytes: () => bytes };
}

const textOf = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');

it.skipIf(!program)('the page: a token, what flows, lines that are only text, a filter, and what to do', async () => {
  const folder = temporaryFolder();
  const [log, closed] = [join(folder, 'a.log'), join(folder, 'closed')];
  writeFileSync(join(folder, 'shelf.ts'), shelf);
  const file = pipelineFile(
    folder,
    `
plugins: [./shelf.ts]
http: { listen: "0.0.0.0:0", token: top-secret, lines: true }
inputs: { app: { type: file-tail, paths: ./*.log } }
transforms: { blank: { type: drop-blank } }
outputs: { books: { type: shelf, closed: ${closed} } }
`,
  );
  await startAgent(file);
  const origin = `http://127.0.0.1:${(await statusOf(file)).http!.address.split(':').at(-1)}`;
  const hostile = '<script>alert(1)</script><img src=x onerror=alert(2)> all is well';
  // Colours of a terminal, and what would show a name as another one.
  const unseen = ' \x1b[31mred\x1b[0m \u202etxt.exe';
  const writer = setInterval(() => appendFileSync(log, `${hostile}${unseen}\na needle\n\n`), 50);
  onTestFinished(() => clearInterval(writer));

  const page = await (await browse()).newPage();
  const { wrong, bytes } = watched(page, origin);
  await page.setViewport({ width: 1_200, height: 900 });
  await page.goto(origin);
  await page.waitForSelector('#token:not([hidden])');
  expect(await page.$$('.box')).toEqual([]);
  await page.type('#token-field', 'top-secret');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.box.output.good');
  expect(await page.$$eval('.box .id', (all) => all.map((one) => one.lastChild?.textContent))).toEqual([
    'app',
    'blank',
    'books',
  ]);
  await until(async () => {
    const edges = await page.$$eval('.edge', (all) => all.map((one) => one.textContent));
    expect(edges).toEqual([
      expect.stringMatching(/^app to blank: [1-9]\d*\/s$/),
      expect.stringMatching(/: [1-9]\d*\/s$/),
    ]);
  });
  expect(await textOf(page, '#files')).toContain('a.log');
  expect(await textOf(page, '#verdict')).toBe('runs well');

  await page.click('#lines-button');
  const messages = () => page.$$eval('.lines .message', (all) => all.map((one) => one.textContent));
  await until(async () => expect(await messages()).toContain(`${hostile} red \ufffdtxt.exe`));
  expect(await page.$$('.lines img, .lines script')).toEqual([]);
  await page.type('#lines-filter', 'need.e');
  await page.keyboard.press('Tab');
  await until(async () => expect(new Set(await messages())).toEqual(new Set(['a needle'])));
  expect(await page.evaluate('document.activeElement.id')).toBe('lines-button');
  await page.click('#lines-button');

  // Who hears the page is told what a box is, whatever there is room for.
  for (const width of [1_200, 360]) {
    await page.setViewport({ width, height: 900 });
    const names = () => page.$$eval('.box', (all) => all.map((one) => one.getAttribute('aria-label')));
    await until(async () => {
      expect(await page.$$eval('.drawing', ([one]) => one!.classList.contains('rows'))).toBe(width === 360);
      expect(await names()).toEqual([
        expect.stringMatching(/^input app, running, \d+\/s, 1 file$/),
        expect.stringMatching(/^transform blank, running, \d+\/s$/),
        expect.stringMatching(/^output books, running, \d+\/s, queue \d+$/),
      ]);
    });
  }

  // What is chosen comes into view.
  await page.setViewport({ width: 1_200, height: 400 });
  await page.evaluate('scrollTo(0, 0)');
  await page.focus('.box.input');
  await page.keyboard.press('Enter');
  const details = (await page.$('#component'))!;
  await until(async () => expect(await details.isIntersectingViewport({ threshold: 1 })).toBe(true));
  expect(await textOf(page, '#component')).toMatch(/input app.*to.*blank/);

  writeFileSync(closed, '');
  await page.waitForSelector('.box.output.bad');
  await until(async () => {
    const told = await textOf(page, '#troubles');
    expect(told).toMatch(/output books.*degraded.*the shelf is closed.*Do: .*Open the shelf/);
    expect(await textOf(page, '#errors')).toContain('the shelf is closed');
  });
  expect(await textOf(page, '#verdict')).toBe('does not run well');
  rmSync(closed);
  await page.waitForSelector('.box.output.good');

  await page.setViewport({ width: 360, height: 780 });
  await until(async () => expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360));
  expect(wrong).toEqual([]);
  expect(bytes()).toBeGreaterThan(10_000);
  expect(bytes()).toBeLessThan(150_000);
});

it.skipIf(!program)(
  'the page: says at once that its agent does not answer, goes on with the next one, and keeps nothing without the token',
  async () => {
    const folder = temporaryFolder();
    const [log, token, port] = [join(folder, 'a.log'), join(folder, 'token'), await freePort()];
    writeFileSync(token, 'first');
    const file = pipelineFile(
      folder,
      `
http: { listen: ${port}, token: { file: ./token }, lines: true }
inputs: { app: { type: file-tail, paths: ./*.log } }
outputs: { none: { type: blackhole } }
`,
    );
    const agent = await startAgent(file);
    const writer = setInterval(() => appendFileSync(log, 'a line\n'), 50);
    onTestFinished(() => clearInterval(writer));
    const page = await (await browse()).newPage();
    await page.goto(`http://127.0.0.1:${port}`);
    await page.waitForSelector('#token:not([hidden])');
    await page.type('#token-field', 'first');
    await page.keyboard.press('Enter');
    const verdict = (text: string) => until(async () => expect(await textOf(page, '#verdict')).toBe(text));
    await verdict('runs well');
    await page.click('#lines-button');
    await page.waitForSelector('.lines .message');

    agent.kill('SIGSTOP');
    await verdict('does not answer');
    expect(await page.title()).toMatch(/^\u25b2/);
    expect(await textOf(page, '#troubles')).toMatch(/agent test does not answer.*Do: .*pipeline status/);
    // Looking at what was known does not make it new.
    await page.setViewport({ width: 700, height: 700 });
    await page.click('.box');
    expect(await textOf(page, '#verdict')).toBe('does not answer');
    agent.kill('SIGCONT');
    await verdict('runs well');

    await agent.crash();
    await verdict('does not answer');
    await until(async () => expect(await textOf(page, '#lines-problem')).toContain('go on when it is back'));
    await startAgent(file);
    await verdict('runs well');
    const last = () => page.$eval('.lines li:last-child', (line) => line.textContent);
    const before = await last();
    await until(async () => expect(await last()).not.toBe(before));
    expect(await textOf(page, '#lines-problem')).toBe('');

    writeFileSync(token, 'second');
    await page.waitForSelector('#token:not([hidden])');
    await page.setViewport({ width: 800, height: 700 });
    expect(await page.$eval('main', (element) => element.hidden)).toBe(true);
    expect([await textOf(page, '#verdict'), await textOf(page, '#facts'), await page.title()]).toEqual([
      '',
      '',
      'logcatch',
    ]);
    await page.type('#token-field', 'second');
    await page.keyboard.press('Enter');
    await verdict('runs well');
    await page.click('#forget');
    await until(async () => expect(await textOf(page, 'body')).not.toContain('a.log'));
    await page.waitForSelector('#token:not([hidden])');
  },
);
