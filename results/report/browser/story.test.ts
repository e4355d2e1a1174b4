/** The story of a run in a real Chromium: the list, the diagram, and hostile texts in both. */
import { describe, expect, test } from 'vitest';
import { accessibilityFaults } from '../../../test/accessibility.ts';
import { buildReport } from '../build-report.ts';
import { HOSTILE_TEXTS } from '../sample.ts';
import { reportPages } from '../testing/report-pages.ts';
import { sampleStory } from '../testing/sample-story.ts';

const { needed, open } = reportPages();

describe.skipIf(needed.skip)(`the story in Chromium${needed.note}`, () => {
  test('is a list to read and a diagram with a column for each', async () => {
    const { page, complaints } = await open({ verdict: 'invalid' }, buildReport(sampleStory()));
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
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.close();
  });

  test('leads to the operations in the timeline, also by key', async () => {
    const { page, complaints } = await open({ verdict: 'invalid' }, buildReport(sampleStory()));
    await page.locator('.story-section .story-step.client .jump').first().focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.selected').innerText()).toContain('write');
    await page.locator('.story-section .story button').first().click();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('keeps hostile texts texts', async () => {
    for (const text of HOSTILE_TEXTS) {
      const { page, complaints } = await open({ verdict: 'invalid' }, buildReport(sampleStory(text)));
      expect(await page.locator('.story-section .story li').count()).toBe(13);
      expect(await page.locator('.story-section').locator('img, script, iframe').count()).toBe(0);
      expect(complaints).toEqual([]);
      await page.close();
    }
  });
});
