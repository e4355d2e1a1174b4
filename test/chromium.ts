/**
 * The Chromium of this machine, for tests that need a real browser.
 *
 *     const needed = chromiumRequirement();
 *     describe.skipIf(needed.skip)(`in Chromium${needed.note}`, () => { … launchChromium(folder, { colorScheme: 'dark' }) … });
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { type Requirement, requirement } from './require.ts';

const CANDIDATES = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const executablePath = CANDIDATES.find((path) => path !== undefined && existsSync(path));

export function chromiumRequirement(): Requirement {
  const reason = 'no Chromium in the usual places; name one in CHROMIUM_PATH';
  return requirement('chromium', executablePath !== undefined, reason);
}

/** @param folder - its profile goes there */
export function launchChromium(
  folder: string,
  options: { readonly colorScheme?: 'light' | 'dark' } = {},
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(join(folder, 'profile'), {
    ...(executablePath === undefined ? {} : { executablePath }),
    viewport: { width: 1300, height: 900 },
    acceptDownloads: true,
    ...options,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** What a good page never has: exceptions, messages on the console, dialogs, requests. */
  readonly complaints: string[];
}

/** A new page, and what it does that a good one does not. @param isExpected - of the address of a request */
export async function watchedPage(
  context: BrowserContext,
  isExpected: (url: string) => boolean,
): Promise<WatchedPage> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!isExpected(url) && url !== 'data:,') complaints.push(`request: ${url.slice(0, 100)}`);
  });
  return { page, complaints };
}
