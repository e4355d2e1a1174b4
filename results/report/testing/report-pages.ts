/**
 * Reports opened from disk in the machine's Chromium.
 *
 *     const { needed, open } = reportPages();
 *     describe.skipIf(needed.skip)(`…${needed.note}`, () => {
 *       const { page, complaints } = await open({ verdict: 'invalid' });
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import {
  chromiumRequirement,
  launchChromium,
  watchedPage,
  type WatchedPage,
} from '../../../test/chromium.ts';
import { buildReport } from '../build-report.ts';
import { sampleRun } from '../sample.ts';
import type { SampleOptions } from '../sample.ts';

/** One browser a test file, from its first test to its last. */
export function reportPages() {
  const needed = chromiumRequirement();
  let folder = '';
  let context: BrowserContext | undefined;
  beforeAll(async () => {
    if (needed.skip) return;
    folder = mkdtempSync(join(tmpdir(), 'shaketable-report-'));
    context = await launchChromium(folder);
  });
  afterAll(async () => {
    await context?.close();
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  /** A sample, or any other report. */
  async function open(options: SampleOptions, html = buildReport(sampleRun(options))): Promise<WatchedPage> {
    if (context === undefined) throw new Error('the browser is there in tests only');
    const file = join(folder, 'report.html');
    writeFileSync(file, html);
    const { page, complaints } = await watchedPage(context, (url) => url === pathToFileURL(file).href);
    await page.goto(pathToFileURL(file).href);
    // It has drawn its charts once.
    await page.waitForSelector('html[data-frames]');
    return { page, complaints };
  }
  return { needed, open };
}
