/** Every page of the server in a real Chromium: hostile text stays text, nothing is asked of anybody else, and a keyboard is enough. */
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFaults } from '../../../test/accessibility.ts';
import {
  chromiumRequirement,
  launchChromium,
  watchedPage,
  type WatchedPage,
} from '../../../test/chromium.ts';
import { makeRun, makeRuns } from '../../index/testing/made-runs.ts';
import { buildReport } from '../../report/build-report.ts';
import { sampleRun } from '../../report/sample.ts';
import { liveAddress, reportAddress, runAddress } from '../addresses.ts';
import { type RunningServer, startServer } from '../server.ts';
import { HOSTILE, HOSTILE_RUN, hostileFolder } from '../testing/hostile-folder.ts';

const needed = chromiumRequirement();
const GOOD = 'raft-register/20261128T192409Z-1';
const RUNNING = 'raft-register/running';

describe.skipIf(needed.skip)(`the pages in Chromium${needed.note}`, () => {
  let parent: string;
  let folder: string;
  let server: RunningServer;
  let context: BrowserContext;

  beforeAll(async () => {
    parent = mkdtempSync(join(tmpdir(), 'shaketable-serve-'));
    folder = hostileFolder(parent);
    makeRuns(folder, 120);
    writeFileSync(
      join(folder, GOOD, 'report.html'),
      buildReport(sampleRun({ verdict: 'invalid', hostile: true })),
    );
    server = await startServer({ folder, host: '127.0.0.1', port: 0 });
    context = await launchChromium(parent, { colorScheme: 'dark' });
  });

  afterAll(async () => {
    await context.close();
    await server.close();
    rmSync(parent, { recursive: true, force: true });
  });

  /** Opens a page; collects what a good page never has. */
  async function open(path: string): Promise<WatchedPage> {
    const { page, complaints } = await watchedPage(context, (url) => url.startsWith(server.address));
    await page.goto(new URL(path, server.address).href);
    return { page, complaints };
  }

  /** What the run says is on the page, as text. */
  async function expectHostileText(page: Page): Promise<void> {
    expect(await page.locator('body').innerText()).toContain(HOSTILE);
    expect(await page.locator('img, script:not([src])').count()).toBe(0);
  }

  test.each([
    ['the list', '/'],
    ['trends', '/trends'],
    ['sweeps', '/sweeps'],
    ['a sweep', '/sweep/sweeps/night'],
    ['a run', runAddress(HOSTILE_RUN)],
    ['a run in progress', liveAddress(RUNNING)],
    ['two runs', `/compare?a=${GOOD}&b=${encodeURIComponent(HOSTILE_RUN)}`],
    ['no report', reportAddress(HOSTILE_RUN)],
    ['nothing', `/${encodeURIComponent(HOSTILE)}`],
  ])('%s: hostile text stays text, names lead to themselves, colours are dark', async (name, path) => {
    const { page, complaints } = await open(path);
    if (name !== 'nothing' && name !== 'no report') await expectHostileText(page);
    expect(complaints.filter((each) => name !== 'nothing' || !each.includes('404'))).toEqual([]);
    const [background, text] = await page.evaluate(() => {
      const style = getComputedStyle(document.body);
      return [style.backgroundColor, style.color];
    });
    expect(background).toBe('rgb(18, 21, 26)');
    expect(text).toBe('rgb(232, 235, 240)');
    // Nothing is wider than the page.
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1300);
    expect(await page.locator('h1').count()).toBe(1);
    if (name === 'a sweep') {
      // Long names leave room for what came of it.
      const { width } = (await page.locator('tbody td.long').boundingBox()) ?? { width: 0 };
      expect(width).toBeGreaterThan(300);
      const table = page.locator('.table');
      expect(await table.evaluate((part) => part.scrollWidth - part.clientWidth)).toBe(0);
    }
    expect(await accessibilityFaults(page)).toEqual([]);
    // On paper it is light, and nothing is cut off.
    await page.setViewportSize({ width: 720, height: 1000 });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate(() => getComputedStyle(document.body).color)).toBe('rgb(26, 31, 39)');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(720);
    await page.close();
  });

  test('filter, sort, turn pages, and look at a run, by keyboard alone', async () => {
    const { page, complaints } = await open('/');
    expect(await page.getByRole('status').innerText()).toMatch(/^124 runs, 1 to 50/);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.getByLabel('System').focus();
    await page.keyboard.type('kraft');
    await page.keyboard.press('Tab');
    await page.getByLabel('Text').focus();
    await page.keyboard.type('log');
    await page.keyboard.press('Enter');
    await page.waitForURL(/system=kraft/);
    expect(await page.getByRole('status').innerText()).toMatch(/^40 runs/);
    await page.getByRole('link', { name: 'p99' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/sort=-latency/);
    expect(await page.locator('th[aria-sort="descending"]').innerText()).toContain('p99');
    expect(await page.locator('tbody tr').first().innerText()).toContain('21 ms');
    await page.goto(server.address);
    await page.getByRole('link', { name: 'Next' }).click();
    await page.waitForURL(/page=2/);
    expect(await page.getByRole('status').innerText()).toContain('51 to 100');
    await page.locator('tbody a').first().click();
    await page.waitForURL(/\/run\//);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a run of a hostile name opens from the list, and its files from its page', async () => {
    const { page, complaints } = await open(`/?system=${encodeURIComponent(HOSTILE)}&verdict=invalid`);
    await page.locator('tbody a').first().click();
    await page.waitForURL(/\/run\//);
    expect(await page.locator('h1').innerText()).toContain(`${HOSTILE} ${HOSTILE}, seed 2`);
    expect(await page.locator('main').innerText()).toContain(HOSTILE_RUN);
    await page.getByRole('link', { name: 'test.json' }).click();
    expect(await page.locator('body').innerText()).toContain('shaketable-test');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('two that are ticked are compared', async () => {
    const { page, complaints } = await open('/?verdict=invalid');
    await page.getByRole('checkbox').nth(0).check();
    await page.getByRole('checkbox').nth(1).check();
    await page.getByRole('button', { name: /Compare/ }).click();
    expect(await page.locator('h1').innerText()).toBe('Two runs side by side');
    expect(await page.getByRole('columnheader', { name: 'From A to B' }).count()).toBe(3);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a bar of the trends leads to its runs, and the table says the same', async () => {
    const { page, complaints } = await open('/trends?system=raft');
    const bar = page.getByRole('group', { name: 'Runs by verdict over time' }).getByRole('link').first();
    expect(await bar.getAttribute('aria-label')).toMatch(/invalid, \d+ unknown, \d+ valid$/);
    await page.getByText('The same as a table').click();
    const runs = await page.locator('details tbody tr').first().locator('td').first().innerText();
    await bar.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/from=/);
    expect(await page.getByRole('status').innerText()).toMatch(new RegExp(`^${runs} runs?,`));
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a report works in its sandbox', async () => {
    const { page, complaints } = await open(reportAddress(GOOD));
    await page.waitForFunction(() => Number(document.documentElement.dataset['frames'] ?? 0) > 0);
    expect(await page.locator('.verdict-word').innerText()).toContain('INVALID');
    expect(await page.evaluate(() => window.origin)).toBe('null');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a script that a report of somebody else brings along reaches nothing here', async () => {
    const path = 'raft-register/foreign';
    const directory = makeRun(folder, { path, valid: true });
    writeFileSync(
      join(directory, 'report.html'),
      `<!doctype html><title>waiting</title><script>
        fetch('/').then((r) => r.text()).then(() => { document.title = 'read it'; }, () => { document.title = 'kept out'; });
      </script>`,
    );
    const { page } = await open('/');
    await expect
      .poll(async () => (await page.goto(new URL(reportAddress(path), server.address).href))?.status(), {
        timeout: 20_000,
      })
      .toBe(200);
    await page.waitForFunction(() => document.title !== 'waiting');
    expect(await page.title()).toBe('kept out');
    await page.close();
  });

  test('a run is downloaded as one file', async () => {
    const { page, complaints } = await open(runAddress(GOOD));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as one file' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('raft-register-20261128T192409Z-1.zip');
    const files = unzipSync(readFileSync(await download.path()));
    expect(Object.keys(files)).toContain('raft-register-20261128T192409Z-1/test.json');
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a run in progress moves, and ends with its verdict', async () => {
    const { page, complaints } = await open(liveAddress(RUNNING));
    const invoked = page.locator('#invoked');
    await page.waitForFunction(() => document.querySelectorAll('#rate rect').length > 0);
    expect(await invoked.innerText()).toBe('1');
    expect(await page.locator('#faults').innerText()).toContain(HOSTILE);
    const operation = {
      index: 4,
      time: 3e9,
      process: 2,
      type: 'invoke',
      f: 'read',
      key: HOSTILE,
      value: null,
    };
    const done = { ...operation, index: 5, type: 'ok', value: HOSTILE };
    appendFileSync(
      join(folder, RUNNING, 'history.jsonl'),
      `${JSON.stringify(operation)}\n${JSON.stringify(done)}\n`,
    );
    await page.waitForFunction(() => document.querySelector('#ok')?.textContent === '1');
    expect(await page.locator('#operations li').first().innerText()).toContain(`process 2: read ${HOSTILE}`);
    copyFileSync(join(folder, GOOD, 'verdict.json'), join(folder, RUNNING, 'verdict.json'));
    await page.waitForFunction(() => document.querySelector('#outcome')?.textContent === 'valid');
    await page.getByText('(it has ended)').waitFor();
    await page.getByRole('link', { name: 'Open the report' }).waitFor();
    await expectHostileText(page);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
