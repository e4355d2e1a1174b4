/**
 * What a page keeps from people who cannot see it well, or at all: the rules of WCAG 2.2 A and AA, and axe's own of good practice, in light
 * and in dark.
 *
 *     expect(await accessibilityFaults(page)).toEqual([]);
 */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** Dark changes colours alone. */
const RULES = {
  light: {
    type: 'tag',
    values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  },
  dark: { type: 'rule', values: ['color-contrast'] },
} as const;

interface InPage {
  readonly axe: typeof axe;
}

/** A line for each element that breaks a rule; none for a good page. The page is left in dark. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const faults = new Set<string>();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate(
      ({ type, values }) =>
        (globalThis as unknown as InPage).axe.run({
          runOnly: { type, values: [...values] },
          resultTypes: ['violations'],
        }),
      RULES[colorScheme],
    );
    for (const { id, nodes } of violations)
      for (const { target, failureSummary } of nodes)
        faults.add(`${id}: ${target.join(' ')}: ${failureSummary?.replaceAll(/\s+/g, ' ') ?? ''}`);
  }
  return [...faults];
}
