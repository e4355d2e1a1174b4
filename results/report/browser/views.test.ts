/** Further views of the report in a real Chromium: linearizability, lanes, logs, comparison; with the keyboard, on paper, large. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { accessibilityFaults } from '../../../test/accessibility.ts';
import { buildReport } from '../build-report.ts';
import { samplePictures } from '../sample-pictures.ts';
import { HOSTILE_TEXTS, sampleRun } from '../sample.ts';
import { reportPages } from '../testing/report-pages.ts';

const { needed, open } = reportPages();

/** Of a canvas: how many pixels are not empty. */
const inkOf = (page: Page, label: string): Promise<number> =>
  page.locator(`canvas[aria-label^="${label}"]`).evaluate((canvas) => {
    const element = canvas as HTMLCanvasElement;
    // From a copy: Chromium complains of a canvas that is read more than once, and it is the test that reads.
    const copy = new OffscreenCanvas(element.width, element.height).getContext('2d', {
      willReadFrequently: true,
    });
    copy?.drawImage(element, 0, 0);
    const { data } = copy?.getImageData(0, 0, element.width, element.height) ?? { data: [] };
    let ink = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] !== 0) ink++;
    return ink;
  });

describe.skipIf(needed.skip)(`views of the report${needed.note}`, () => {
  test('linearizability: the longest order and its states, the first error, another order for who is in it', async () => {
    const { page, complaints } = await open({ verdict: 'invalid' }, buildReport(samplePictures()));
    const figure = page.locator('.linearization');
    expect(await figure.locator('.bar').count()).toBe(5);
    expect(await figure.locator('.partial.shown .point').count()).toBe(3);
    expect(await figure.locator('.partial.shown .state').allTextContents()).toEqual(['1→1', '2→2', '3→2']);
    expect(await figure.locator('.bar.proof').count()).toBe(4);
    const said = figure.locator('p.detail');
    expect(await said.innerText()).toMatch(
      /^After 2 operations that left 0, the longest order has 3 operations and ends at 2\./,
    );

    // What is not in the order is pale, but not its words, and nothing that proves the error.
    const looks = await figure.evaluate((part) =>
      ['.outside:not(.proof) rect', '.outside:not(.proof) > text', '.outside.proof', '.outside.proof rect']
        .map((selector) => part.querySelector(selector))
        .map((found) => (found === null ? null : getComputedStyle(found)))
        .map((style) => [style?.opacity, style?.fillOpacity, style?.fill === style?.color]),
    );
    expect(looks.map((look) => look.slice(0, 2))).toEqual([
      ['1', '0.25'],
      ...Array.from({ length: 3 }, () => ['1', '1']),
    ]);
    expect(looks[1]?.[2]).toBe(true);

    await figure.getByRole('button', { name: 'Jump to the first error' }).click();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(
      /read x → 1/,
    );
    expect(await said.innerText()).toContain('no order comes to read x → 1');

    await figure.locator('.bar').nth(3).hover();
    expect(await said.innerText()).toContain('the longest order with write x 7 has 2 operations');
    expect(await figure.locator('.partial.shown').getAttribute('data-partial')).toBe('1');
    expect(await figure.locator('.bar.outside').count()).toBe(3);
    await figure.getByText('The longest order, as a table').click();
    expect(await figure.locator('tbody tr').count()).toBe(4);
    expect(await figure.locator('tbody tr').last().innerText()).toMatch(/cannot follow/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('what nodes believed stands side by side; a cycle has its arrows in words', async () => {
    const { page } = await open({ verdict: 'invalid' }, buildReport(samplePictures()));
    const sides = page.locator('.anomaly', { hasText: 'two-leaders-in-a-term' });
    expect(await sides.locator('thead th').allInnerTexts()).toEqual(['n2', 'n1', 'committed']);
    expect(await sides.locator('td.wrong').count()).toBe(3);
    expect(await sides.locator('figcaption').innerText()).toContain('What each node believed');
    const cycle = page.locator('.anomaly', { hasText: 'G-single' });
    await cycle.getByText('The arrows in words').click();
    expect(await cycle.locator('.arrows li').first().innerText()).toBe(
      'T1: append x 5, read y [3] comes before T2: read x [], append y 3: wr y 3',
    );
    await page.close();
  });

  test('lanes: commit indexes and partitions are drawn, and there as tables', async () => {
    const { page, complaints } = await open({ verdict: 'invalid', hostile: false });
    for (const label of ['Commit index of 5 nodes', 'Leaders and replicas in sync of 2 partitions']) {
      await page.locator(`canvas[aria-label^="${label}"]`).scrollIntoViewIfNeeded();
      await expect.poll(() => inkOf(page, label)).toBeGreaterThan(5000);
    }
    // Every mark is in a legend: the faults of each kind, and the red line.
    const legends = (await page.locator('.legend').allInnerTexts()).join(' ').replace(/\s+/g, ' ');
    expect(legends).toContain('down under partition under kill under pause');
    expect(legends).toContain('leader deposed, and does not know it');
    await page.getByText('Commit indexes as a table').click();
    const last = page.locator('[aria-label="Commit indexes"] tbody tr').last();
    expect(await last.innerText()).toMatch(/^5\d\.\d+ s\s+1,\d+\s+1,\d+/);
    await page.getByText('Partitions as a table').click();
    const rows = page.locator('[aria-label="Leaders and replicas in sync"] tbody tr');
    expect(await rows.first().innerText()).toContain('n1 leads in epoch 0');
    expect((await rows.allInnerTexts()).some((row) => row.includes('in sync: n2, n3, n4, n5'))).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('logs around the anomaly, figures of each fault, the run before', async () => {
    const { page, complaints } = await open({ verdict: 'invalid' });
    await page
      .getByText(/^Logs of the nodes around 3\d\.\d+ s$/)
      .first()
      .click();
    const log = page.locator('.logs pre').first();
    expect(await log.innerText()).toMatch(/candidate in term 1[^]*── 3\d\.\d{6} s ──/);
    const faults = page.locator('section:has(> #faults)');
    // Nothing of it is cut off, and no word is broken.
    expect(await faults.locator('.table').evaluate((part) => part.scrollWidth - part.clientWidth)).toBe(0);
    const lines = await faults
      .getByText('messagesDropped')
      .first()
      .evaluate((cell) => {
        const word = document.createRange();
        word.setStart(cell.firstChild as Node, 0);
        word.setEnd(cell.firstChild as Node, 'messagesDropped'.length);
        return word.getClientRects().length;
      });
    expect(lines).toBe(1);
    const fault = faults.locator('tbody tr').first();
    expect(await fault.innerText()).toMatch(
      /\d+ of \d+\s+\d+, \d+\s+\d[\d.]* (µs|ms), \d[\d.]* (ms|s)\s+\d[\d.]* (ms|s)/,
    );
    const rows = page.locator('section:has(> #comparison) tbody tr');
    expect(await rows.first().innerText()).toMatch(/Verdict\s+valid\s+invalid\s+▼ worse/);
    expect(
      (await rows.allInnerTexts()).some((row) => /read: p99.*= same/.test(row.replaceAll(/\s+/g, ' '))),
    ).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('hostile words in all of them stay text', async () => {
    for (const html of [
      buildReport(sampleRun({ verdict: 'invalid', hostile: true })),
      buildReport(samplePictures(` ${HOSTILE_TEXTS.join(' ')}`)),
    ]) {
      const { page, complaints } = await open({ verdict: 'invalid' }, html);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      await page.waitForTimeout(100);
      expect(await page.evaluate(() => [document.images.length, document.scripts.length])).toEqual([0, 3]);
      expect(await page.title()).toMatch(/^INVALID: /);
      expect(complaints).toEqual([]);
      await page.close();
    }
  });

  test('for those who do not see it, or not well', { timeout: 240_000 }, async () => {
    // With values that are cut, too.
    const long = 'a value that is long '.repeat(30);
    for (const html of [
      buildReport(sampleRun({ verdict: 'invalid' })),
      buildReport(samplePictures(` ${HOSTILE_TEXTS.join(' ')}`, long)),
    ]) {
      const { page } = await open({ verdict: 'invalid' }, html);
      // The verdict's buttons come first, then the sections.
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.closest('.verdict') !== null)).toBe(true);
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      expect(await accessibilityFaults(page)).toEqual([]);
      const details = page.locator('.witness li .detail');
      for (const { width } of await details.evaluateAll((all) =>
        all.map((each) => each.getBoundingClientRect()),
      ))
        expect(width).toBeGreaterThan(200);
      await page.setViewportSize({ width: 400, height: 800 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.close();
    }
  });

  test('on paper nothing is cut off: no part is wider than the sheet; of an order what is near the error', async () => {
    const pictures = samplePictures();
    const verdicts = JSON.stringify(pictures.verdicts).replace('"stuck":6', '"stuck":0');
    const { page } = await open(
      { verdict: 'invalid' },
      buildReport({ ...pictures, verdicts: JSON.parse(verdicts) as typeof pictures.verdicts }),
    );
    await page.setViewportSize({ width: 720, height: 1000 });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    const printed = await page.evaluate(() => ({
      wide: [...document.querySelectorAll('svg.drawing')].filter(
        (drawing) => drawing.getBoundingClientRect().right > innerWidth,
      ).length,
      buttons: [...document.querySelectorAll('.actions button')].filter((button) => button.checkVisibility())
        .length,
      colour: getComputedStyle(document.documentElement).getPropertyValue('--surface').trim(),
      bars: [...document.querySelectorAll('.linearization .bar')].filter((bar) => bar.checkVisibility())
        .length,
      // Drawn for the sheet, finely: not the screen's, squeezed.
      canvases: [...document.querySelectorAll('canvas')].map(({ width }) => width),
    }));
    expect(printed).toMatchObject({ wide: 0, buttons: 0, colour: '#ffffff', bars: 2 });
    expect(new Set(printed.canvases)).toEqual(new Set([2100]));
    expect((await page.pdf()).length).toBeGreaterThan(20_000);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    expect(await page.locator('.linearization .bar').count()).toBe(5);
    await page.close();
  });

  test('200,000 operations are a file that can be mailed, and open', { timeout: 240_000 }, async () => {
    const run = sampleRun({ verdict: 'invalid', operations: 400_000, threads: 60 });
    expect(run.history.pairs().length).toBeGreaterThan(200_000);
    const html = buildReport(run);
    expect(html.length).toBeLessThan(20_000_000);
    // The summary comes before the details, small enough to be read at once.
    expect(html.indexOf('id="details"')).toBeLessThan(200_000);
    const { page, complaints } = await open({ verdict: 'invalid' }, html);
    await page.getByRole('button', { name: 'Zoom to anomaly' }).first().click();
    await expect.poll(() => page.locator('.range').innerText()).toMatch(/ms\)|1\.\d+ s\)/);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
