/**
 * The Chromium of this machine, for tests that need a real browser.
 *
 *     const needed = chromiumRequirement();
 *     describe.skipIf(needed.skip)(`in Chromium${needed.note}`, () => { … launchChromium(folder, { colorScheme: 'dark' }) … });
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
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
