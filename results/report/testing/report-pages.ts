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
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { chromiumRequirement, launchChromium } from '../../../test/chromium.ts';
import { buildReport } from '../build-report.ts';
import { sampleRun } from '../sample.ts';
import type { SampleOptions } from '../sample.ts';

export interface OpenedReport {
  readonly page: Page;
  /** What a good page never has: exceptions, messages on the console, dialogs, requests. */
  readonly complaints: string[];
}

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
  async function open(options: SampleOptions, html = buildReport(sampleRun(options))): Promise<OpenedReport> {
    if (context === undefined) throw new Error('the browser is there in tests only');
    const file = join(folder, 'report.html');
    writeFileSync(file, html);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
    page.on('console', (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (request.url() !== pathToFileURL(file).href && request.url() !== 'data:,') {
        complaints.push(`request: ${request.url().slice(0, 100)}`);
      }
    });
    await page.goto(pathToFileURL(file).href);
    // It has drawn its charts once.
    await page.waitForSelector('html[data-frames]');
    return { page, complaints };
  }
  return { needed, open };
}
