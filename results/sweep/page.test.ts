/** The index of a sweep in a real Chromium, opened from disk. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outcomeOf, type SweepOutcome } from '../../harness/sweep/outcome.ts';
import { cell, header, record } from '../../harness/sweep/testing/samples.ts';
import { accessibilityFaults } from '../../test/accessibility.ts';
import { chromiumRequirement, launchChromium, watchedPage, type WatchedPage } from '../../test/chromium.ts';
import { printable } from '../report/printable.ts';
import { HOSTILE_TEXTS } from '../report/sample.ts';
import { renderSweep } from './page.ts';

const needed = chromiumRequirement();

const nemesis = (name: string) => ({ options: [['nemesis', name]] as const });
const DIRECTORY = 'runs/raft-register/20261128T030000Z-2 100%#?';
const LOST = {
  outcome: 'invalid' as const,
  why: 'lost-write: the write of 7 is gone',
  anomaly: 'linearizability/lost-write',
  signatures: ['raft-register/linearizability/lost-write/3f9a1c'],
  directory: DIRECTORY,
  again: `npx shaketable replay '${DIRECTORY}'`,
};

const SAMPLE = outcomeOf(
  header([
    cell('a', nemesis('none')),
    cell('b', nemesis('partition,kill')),
    cell('c', { ...nemesis('kill'), expect: 'invalid' }),
    cell('d', nemesis('pause')),
    cell('e', nemesis('clock')),
  ]),
  [
    record('a', 1),
    record('a', 2, { directory: 'runs/raft-register/thin', isThin: true }),
    record('b', 1),
    record('b', 2, LOST),
    record('b', 3, { ...LOST, operations: 5000, directory: 'runs/raft-register/x-3' }),
    record('c', 1),
    record('d', 1, { outcome: 'error', why: 'the process that ran it ended with SIGKILL (out of memory?)' }),
    record('e', 1, { outcome: 'unknown', why: 'no write was ok' }),
  ],
  true,
);
/** Cells whose names take a line and more. */
const LONG_OPTIONS = ['replication.factor=3', 'min.insync.replicas=2', 'transaction.timeout.ms=20000'];
const LONG = outcomeOf(
  header(
    [1, 2].map((i) =>
      cell(`raft-register-${i}`, { options: LONG_OPTIONS.map((text) => ['option', `${text}${i}`]) }),
    ),
  ),
  [
    record('raft-register-1', 1),
    record('raft-register-2', 1, { ...LOST, why: 'the read missed a write '.repeat(20) }),
  ],
  true,
);
const PASSED = outcomeOf(header([cell('a')]), [record('a', 1)], true);

/** Every text of the user's and of the system's. */
function hostile(text: string): SweepOutcome {
  const outcome = outcomeOf(
    header([cell(text, { system: text, workload: text, options: [['option', text]] })], {
      gitRevision: text,
    }),
    [record(text, 1, { ...LOST, why: text, signatures: [text], again: text, directory: `runs/${text}` })],
    true,
  );
  return { ...outcome, header: { ...outcome.header, name: text } };
}

describe.skipIf(needed.skip)(`the index of a sweep in Chromium${needed.note}`, () => {
  let folder: string;
  let context: BrowserContext;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shaketable-sweep-page-'));
    context = await launchChromium(folder);
  });

  afterAll(async () => {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens it from disk; collects what a good page never has. */
  async function open(outcome: SweepOutcome): Promise<WatchedPage> {
    const file = join(folder, 'index.html');
    writeFileSync(file, renderSweep(outcome));
    const { page, complaints } = await watchedPage(context, (url) => url === pathToFileURL(file).href);
    await page.goto(pathToFileURL(file).href);
    return { page, complaints };
  }

  test('has a row a cell, with counts and what came of it', async () => {
    const { page, complaints } = await open(SAMPLE);
    expect(await page.locator('.verdict-word').innerText()).toBe('FAILED');
    const rows = await page.locator('tbody tr').allInnerTexts();
    expect(rows.map((row) => row.split(/\s*\t\s*/).slice(0, 7))).toEqual([
      ['ok', 'raft register --nemesis none', '2', '2', '0', '0', '0'],
      ['FAILED', 'raft register --nemesis partition,kill', '3', '1', '2', '0', '0'],
      ['FAILED', 'raft register --nemesis kill', '1', '1', '0', '0', '0'],
      ['ERROR', 'raft register --nemesis pause', '1', '0', '0', '0', '1'],
      ['unknown', 'raft register --nemesis clock', '1', '0', '0', '1', '0'],
    ]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('tells what went wrong: a signature once, with the shortest run, and the command', async () => {
    const { page } = await open(SAMPLE);
    const failures = await page.locator('.failure').allInnerTexts();
    expect(failures).toHaveLength(4);
    expect(failures[0]).toContain('raft-register/linearizability/lost-write/3f9a1c');
    expect(failures[0]).toContain('2 runs of raft register --nemesis partition,kill.');
    expect(failures[0]).toContain('lost-write: the write of 7 is gone');
    expect(failures[0]).toContain(`npx shaketable replay '${DIRECTORY}'`);
    expect(failures[1]).toContain('not found in 1 seed');
    expect(failures[2]).toContain('SIGKILL');
    expect(failures[3]).toContain('no write was ok');
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.close();
  });

  test('leads to the report of a run, whatever its path', async () => {
    mkdirSync(join(folder, DIRECTORY), { recursive: true });
    writeFileSync(join(folder, DIRECTORY, 'report.html'), '<title>the report</title>');
    const { page } = await open(SAMPLE);
    await page.locator('.failure a').first().click();
    await page.waitForURL(/report\.html$/);
    expect(await page.title()).toBe('the report');
    await page.goBack();
    // A thin run has none.
    expect(await page.getByRole('link', { name: /^seed/ }).allInnerTexts()).toEqual(['seed 2', 'seed 3']);
    await page.close();
  });

  test('without failures has nothing to tell but the table', async () => {
    const { page, complaints } = await open(PASSED);
    expect(await page.locator('.verdict-word').innerText()).toBe('OK');
    expect(await page.locator('#wrong').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each(HOSTILE_TEXTS.map((text) => [text]))('%j stays text', async (text) => {
    const { page, complaints } = await open(hostile(text));
    expect(await page.locator('img, script').count()).toBe(0);
    expect(await page.locator('h1').textContent()).toBe(printable(text));
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a script that gets into it does not run', async () => {
    const file = join(folder, 'script.html');
    const html = renderSweep(PASSED).replace('</main>', '<script>document.title = "owned"</script></main>');
    writeFileSync(file, html);
    const page = await context.newPage();
    await page.goto(pathToFileURL(file).href);
    expect(await page.title()).toBe('ok: sweep nightly');
    await page.close();
  });

  test.each(['light', 'dark'] as const)('can be read in the %s, and on paper', async (colorScheme) => {
    const { page } = await open(LONG);
    await page.emulateMedia({ colorScheme });
    const style = await page.evaluate<readonly string[]>(
      '[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]',
    );
    const [text, background] = style.map((colour) => Number(/\d+/.exec(colour)?.[0]));
    expect(Math.abs((text ?? 0) - (background ?? 0))).toBeGreaterThan(150);
    // Nothing of the table is cut off.
    const cut = () => page.locator('.scroll').evaluate((part) => part.scrollWidth - part.clientWidth);
    expect(await cut()).toBe(0);
    await page.setViewportSize({ width: 720, height: 1000 });
    await page.emulateMedia({ colorScheme, media: 'print' });
    expect(await page.evaluate('getComputedStyle(document.body).color')).toBe('rgb(26, 31, 39)');
    const scrolled = "getComputedStyle(document.querySelector('.scroll')).overflow";
    expect(await page.evaluate(scrolled)).toBe('visible');
    expect(await cut()).toBe(0);
    await page.close();
  });
});
