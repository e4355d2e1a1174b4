/** The story of a run in a real Chromium: the list, the diagram, and hostile texts in both. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requirement } from '../../../test/require.ts';
import { buildReport } from '../build-report.ts';
import { HOSTILE_TEXTS } from '../sample.ts';
import { sampleStory } from '../testing/sample-story.ts';

const CANDIDATES = [process.env['CHROMIUM_PATH'], '/usr/bin/chromium', '/usr/bin/google-chrome-stable'];
const executablePath = CANDIDATES.find((path) => path !== undefined && existsSync(path));
const needed = requirement(
  'chromium',
  executablePath !== undefined,
  'no Chromium in the usual places; name one in CHROMIUM_PATH',
);

describe.skipIf(needed.skip)(`the story in Chromium${needed.note}`, () => {
  let folder: string;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'shaketable-story-'));
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: ['--no-sandbox', '--disable-gpu'],
    });
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(html: string): Promise<Page> {
    const file = join(folder, 'report.html');
    writeFileSync(file, html);
    const page = await browser.newPage({ viewport: { width: 1300, height: 900 } });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(file).href);
    return page;
  }

  test('is a list to read and a diagram with a column for each', async () => {
    const page = await open(buildReport(sampleStory()));
    const lines = await page.locator('.story-section .story li').allInnerTexts();
    expect(lines).toHaveLength(13);
    expect(lines.at(-2)?.replace(/\s+/g, ' ')).toBe(
      '41.000 ms here the promise broke nonlinearizable. the read missed x',
    );
    const diagram = page.locator('.story-section svg[aria-label="Message diagram: 4 columns, 5 messages"]');
    const names = await diagram.locator('.lane-name').allTextContents();
    expect(names).toEqual(['client 0', 'client 1', 'n1', 'n2']);
    expect(await diagram.locator('line.message.arrived').count()).toBe(3);
    expect(await diagram.locator('line.message.dropped').count()).toBe(1);
    expect(await diagram.locator('.story-band.break').textContent()).toContain(
      'the promise broke: nonlinearizable',
    );
    // Arrows go down: nothing arrives before it is sent.
    const falls = await diagram
      .locator('line.message')
      .evaluateAll((messages) =>
        messages.map((line) => Number(line.getAttribute('y2')) - Number(line.getAttribute('y1'))),
      );
    expect(Math.min(...falls)).toBeGreaterThan(0);
    expect(await page.locator('nav a[href="#story"]').count()).toBe(1);
    expect(complaints).toEqual([]);
  });

  test('leads to the operations in the timeline, also by key', async () => {
    const page = await open(buildReport(sampleStory()));
    await page.locator('.story-section .story-step.client').first().focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.selected').innerText()).toContain('write');
    await page.locator('.story-section .story button').first().click();
    expect(complaints).toEqual([]);
  });

  test('keeps hostile texts texts', async () => {
    for (const text of HOSTILE_TEXTS) {
      const page = await open(buildReport(sampleStory(text)));
      expect(await page.locator('.story-section .story li').count()).toBe(13);
      expect(await page.locator('.story-section').locator('img, script, iframe').count()).toBe(0);
      await page.close();
    }
    expect(complaints).toEqual([]);
  });
});
