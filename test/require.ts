/**
 * Tests that need something of the machine: Docker, Chromium, root. Where it is absent they skip and say why; where
 * `SHAKETABLE_REQUIRE` names it (a list with commas, as CI sets it) they fail instead.
 *
 *     const browser = requirement('chromium', path !== undefined, 'no Chromium found: set CHROMIUM_PATH');
 *     describe.skipIf(browser.skip)(`in a browser${browser.note}`, () => { … });
 */

export interface Requirement {
  readonly skip: boolean;
  /** For the title of what is skipped; empty when it runs. */
  readonly note: string;
}

/** @throws Error when it is required and not available */
export function requirement(name: string, isAvailable: boolean, reason: string): Requirement {
  if (isAvailable) return { skip: false, note: '' };
  const required = (process.env['SHAKETABLE_REQUIRE'] ?? '').split(',').map((part) => part.trim());
  if (required.includes(name)) throw new Error(`SHAKETABLE_REQUIRE asks for ${name}, but: ${reason}`);
  console.warn(`skipped, ${name} is not available: ${reason}`);
  return { skip: true, note: ` (skipped: ${reason})` };
}
