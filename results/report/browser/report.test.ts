/** The report in a real Chromium, opened from disk. */
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { buildReport } from '../build-report.ts';
import { samplePictures } from '../sample-pictures.ts';
import { HOSTILE_TEXTS, sampleRun } from '../sample.ts';
import { reportPages } from '../testing/report-pages.ts';

const TIMELINE = 'canvas[aria-label^="Timeline of"]';

const { needed, open } = reportPages();

describe.skipIf(needed.skip)(`the report in Chromium${needed.note}`, () => {
  const frames = (page: Page): Promise<number> =>
    page.evaluate(() => Number(document.documentElement.dataset['frames']));
  const range = (page: Page): Promise<string> => page.locator('.range').innerText();

  test('invalid: says so, lists the anomalies with their operations, touches no network', async () => {
    const { page, complaints } = await open({ verdict: 'invalid' });
    expect(await page.locator('h1').innerText()).toContain('Consistency violated: nonlinearizable on key k3');
    expect(await page.locator('.verdict-word').innerText()).toContain('INVALID');
    expect(await page.locator('.anomaly').count()).toBe(2);
    const witness = await page.locator('.anomaly').first().locator('.witness .jump').allInnerTexts();
    expect(witness).toHaveLength(2);
    expect(witness[0]).toMatch(/^process \d+: write k3 \d+$/);
    expect(witness[1]).toMatch(/^process \d+: read k3 → \d+$/);
    expect(await page.getByText('never took effect').count()).toBeGreaterThan(1);
    expect(await page.locator('.command pre').first().innerText()).toMatch(/^npx shaketable replay /);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each([
    ['valid', /^No anomaly in 2,\d\d\d operations under 8 faults$/],
    ['unknown', /^Proves nothing: no write was ok/],
  ] as const)('%s: the headline says what it means', async (verdict, headline) => {
    const { page, complaints } = await open({ verdict });
    expect(await page.locator('h1').innerText()).toMatch(headline);
    expect(await page.locator('.anomaly').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Zoom to anomaly' }).count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('hostile names and values stay text', async () => {
    const { page, complaints } = await open({ verdict: 'invalid', hostile: true });
    await page.getByText('Operations in view, as a table').click();
    await page.locator('.in-view td').first().waitFor();
    const found = await page.evaluate(() => ({
      title: document.title,
      images: document.images.length,
      scripts: document.scripts.length,
      hasText: document.body.innerText.includes('<img src=x onerror='),
    }));
    expect(found).toEqual({ title: 'INVALID: raft register, seed 7', images: 0, scripts: 3, hasText: true });
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a script that gets into the page does not run, and nothing leaves it', async () => {
    let visits = 0;
    const server = createServer((_, response) => {
      visits++;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const html = buildReport(sampleRun({ verdict: 'valid' })).replace(
      '</body>',
      `<script>document.title = "owned"</script><img src="http://127.0.0.1:${port}/beacon.png"></body>`,
    );
    const { page, complaints } = await open({ verdict: 'valid' }, html);
    expect(await page.title()).toBe('VALID: raft register, seed 7');
    const refusals = complaints.filter((complaint) => complaint.includes('Content Security Policy'));
    expect(refusals).toHaveLength(2);
    expect(visits).toBe(0);
    await page.close();
    server.close();
  });

  test('zooms to the anomaly, shows only its key, and back', async () => {
    const { page, complaints } = await open({ verdict: 'invalid' });
    const whole = await range(page);
    await page.getByRole('button', { name: 'Zoom to anomaly' }).first().click();
    await expect.poll(() => range(page)).not.toBe(whole);
    expect(await range(page)).toMatch(/^3\d\.\d+ s – 3\d\.\d+ s \((\d+ ms|1\.\d+ s)\)$/);
    expect(
      await page
        .locator('.toolbar select')
        .evaluate((select) => (select as HTMLSelectElement).selectedOptions[0]?.text),
    ).toBe('k3');
    await page.getByRole('button', { name: 'Whole run' }).click();
    await expect.poll(() => range(page)).toBe(whole);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a jump from the witness selects the operation', async () => {
    const { page } = await open({ verdict: 'invalid' });
    const jump = page.locator('.witness .jump').nth(1);
    const sentence = await jump.innerText();
    await jump.click();
    await expect.poll(() => page.locator('.selected').innerText()).toContain(sentence);
    expect(await page.locator('.selected').innerText()).toContain('ok: it happened');
    await page.close();
  });

  test('hovering a bar tells its operation, the faults in force and the leader; a click keeps it', async () => {
    const { page, complaints } = await open({ verdict: 'invalid', hostile: false });
    await page.locator('.witness .jump').nth(0).click();
    await expect.poll(() => page.locator('.selected').innerText()).toContain('write k3');
    const box = (await page.locator(TIMELINE).boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const tooltip = page.locator('.tooltip');
    // The operation is in the middle of the plot, in one of the rows.
    let text = '';
    for (let y = 8; y < box.height && !text.includes('write k3'); y += 11) {
      await page.mouse.move(box.x + 120 + (box.width - 134) / 2, box.y + y);
      text = (await tooltip.isVisible()) ? await tooltip.innerText() : '';
      if (text.includes('write k3')) await page.mouse.down();
    }
    await page.mouse.up();
    expect(text).toMatch(/process \d+: write k3 \d+\nok: it happened\n/);
    expect(text).toMatch(/leader: n\d in term \d/);
    expect(await page.locator('.selected').innerText()).toMatch(/process \d+: write k3/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('drag, wheel and keys move the range; the wheel scrolls the page until the charts have the focus', async () => {
    const { page, complaints } = await open({ verdict: 'valid' });
    await page.locator(TIMELINE).scrollIntoViewIfNeeded();
    const box = (await page.locator(TIMELINE).boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const whole = await range(page);
    const [middle, y] = [box.x + box.width / 2, box.y + 60];
    await page.mouse.move(middle, y);
    await page.mouse.wheel(0, -120);
    await page.waitForTimeout(100);
    expect(await range(page)).toBe(whole);

    await page.mouse.move(middle, y);
    await page.mouse.down();
    await page.mouse.move(middle + 200, y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => range(page)).not.toBe(whole);
    const dragged = await range(page);

    await page.mouse.wheel(0, -240);
    await expect.poll(() => range(page)).not.toBe(dragged);
    const zoomed = await range(page);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => range(page)).not.toBe(zoomed);
    await page.keyboard.press('n');
    await expect.poll(() => page.locator('.selected').innerText()).toMatch(/process \d+:/);
    await page.keyboard.press('0');
    await expect.poll(() => range(page)).toBe(whole);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('the key filter, the tables and the faults are of use without a mouse', async () => {
    const { page, complaints } = await open({ verdict: 'valid' });
    await page.locator('.toolbar select').selectOption({ label: 'k2' });
    await page.getByText('Operations in view, as a table').press('Enter');
    const rows = page.locator('.in-view tbody tr td:first-child');
    await expect.poll(() => rows.count()).toBe(100);
    for (const text of await rows.allInnerTexts()) expect(text).toContain(' k2');
    const whole = await range(page);
    await page.locator('section:has(> #faults) .jump').first().press('Enter');
    await expect.poll(() => range(page)).not.toBe(whole);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('draws in device pixels, and again for the other colour scheme', async () => {
    const { page } = await open({ verdict: 'valid' });
    const colourAt = (): Promise<number[]> =>
      page.locator(TIMELINE).evaluate((canvas) => {
        const element = canvas as HTMLCanvasElement;
        const pen = element.getContext('2d');
        const { data } = pen?.getImageData(0, 0, element.width, element.height) ?? { data: [] as number[] };
        const counts = new Map<number, number>();
        for (let i = 0; i < data.length; i += 4) {
          if (data[i + 3] !== 255) continue;
          const colour = ((data[i] ?? 0) << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0);
          counts.set(colour, (counts.get(colour) ?? 0) + 1);
        }
        return [...counts]
          .sort(([, a], [, b]) => b - a)
          .slice(0, 5)
          .map(([colour]) => colour);
      });
    // The operations are unpacked behind the first picture.
    await expect.poll(async () => (await colourAt()).includes(0x0072b2)).toBe(true);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(async () => (await colourAt()).includes(0x56b4e9)).toBe(true);
    // On paper it is light, whatever the screen was.
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    expect(await colourAt()).toContain(0x0072b2);
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    await expect.poll(async () => (await colourAt()).includes(0x56b4e9)).toBe(true);
    const ratio = await page.locator(TIMELINE).evaluate((canvas) => {
      const element = canvas as HTMLCanvasElement;
      return element.width / element.clientWidth / devicePixelRatio;
    });
    expect(ratio).toBeCloseTo(1, 2);
    await page.close();
  });

  test('50,000 operations: every step of a long zoom and pan is a frame', async () => {
    const run = sampleRun({ verdict: 'invalid', operations: 100_000, threads: 20 });
    const html = buildReport(run);
    expect(run.history.pairs().length).toBeGreaterThan(50_000);
    expect(html.length).toBeLessThan(5_000_000);
    const { page, complaints } = await open({ verdict: 'invalid' }, html);
    await page.locator(TIMELINE).scrollIntoViewIfNeeded();
    const steps = 60;
    const before = await frames(page);
    await page.evaluate(async (count) => {
      const host = document.querySelector<HTMLElement>('.charts');
      host?.focus();
      for (let i = 0; i < count; i++) {
        host?.dispatchEvent(
          new KeyboardEvent('keydown', { key: i % 3 === 2 ? 'ArrowRight' : i < count / 2 ? '+' : '-' }),
        );
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    }, steps);
    // A step at the edge of the run may change nothing; nearly all are drawn in the frame that follows.
    expect((await frames(page)) - before).toBeGreaterThan(steps * 0.8);
    await page.getByRole('button', { name: 'Zoom to anomaly' }).first().click();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('many anomalies of a kind are one card and a list to open', async () => {
    const run = sampleRun({ verdict: 'invalid' });
    const verdicts = run.verdicts.map((verdict) => ({
      ...verdict,
      anomalies: verdict.anomalies.flatMap((anomaly) => Array.from({ length: 60 }, () => anomaly)),
    }));
    const { page, complaints } = await open({ verdict: 'invalid' }, buildReport({ ...run, verdicts }));
    expect(await page.locator('.anomaly:visible').count()).toBe(2);
    await page.getByText('49 more nonlinearizable').click();
    expect(await page.locator('.anomaly:visible').count()).toBe(51);
    expect(await page.getByText('20 more are in verdict.json').count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a run without operations, trace or verdicts still opens', async () => {
    const run = sampleRun({ verdict: 'valid', operations: 0 });
    const html = buildReport({ ...run, trace: [], verdicts: [] });
    const { page, complaints } = await open({ verdict: 'valid' }, html);
    expect(await page.locator('h1').innerText()).toMatch(/^Proves nothing/);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each(['light', 'dark'] as const)(
    'pictures, %s: each kind is drawn, readable, and leads to the timeline',
    async (colorScheme) => {
      const { page, complaints } = await open({ verdict: 'invalid' }, buildReport(samplePictures()));
      await page.emulateMedia({ colorScheme });
      const figures = page.locator('.picture');
      expect(await figures.count()).toBe(6);
      const [timeline, , graph, , sequence] = [0, 1, 2, 3, 4].map((i) => figures.nth(i));
      expect(await timeline?.locator('.bar').count()).toBe(6);
      expect(await timeline?.locator('.place text').allTextContents()).toEqual(['1', '2', '3']);
      expect(await timeline?.locator('path.arrow').count()).toBe(2);
      expect(await graph?.locator('svg').getAttribute('aria-label')).toBe(
        'T1: append x 5, read y [3] wr y 3 T2: read x [], append y 3; T2: read x [], append y 3 rw x 5 T1: append x 5, read y [3]',
      );
      const wrong = ['✕ missing (wrong)', '✕ missing (wrong)', '✕ 25 (wrong)'];
      expect(await sequence?.locator('td.wrong').allTextContents()).toEqual(wrong);
      // Words and what they stand on are told apart: black on black has no contrast.
      const colours = await page.evaluate(() =>
        ['.bar.ok rect', '.bar.ok text', '.place circle', '.place text'].map((selector) => {
          const part = document.querySelector(selector);
          return part === null ? '' : getComputedStyle(part).fill;
        }),
      );
      expect(new Set(colours.slice(0, 2)).size).toBe(2);
      expect(new Set(colours.slice(2)).size).toBe(2);
      await timeline?.locator('.bar .jump').nth(3).focus();
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('body').innerText()).toContain('write x 7');
      expect(complaints).toEqual([]);
      await page.close();
    },
  );

  test('words of pictures stay text; what the options allow is there to open; no replay of a history of others', async () => {
    const html = buildReport(samplePictures(` ${HOSTILE_TEXTS[0]} ${HOSTILE_TEXTS[1]}`));
    const { page, complaints } = await open({ verdict: 'invalid' }, html);
    expect(await page.title()).toMatch(/^INVALID: store\/demo/);
    expect(await page.evaluate(() => [document.images.length, document.scripts.length])).toEqual([0, 3]);
    expect(await page.locator('.anomaly:visible').count()).toBe(5);
    await page.getByText('1 duplicate').click();
    expect(await page.locator('.allowed .anomaly:visible').count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Copy replay command' }).count()).toBe(0);
    expect(await page.locator('.command pre').count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
