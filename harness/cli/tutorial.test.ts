/** The tutorial (docs/your-own-system.md) says what happens. */
import { expect, it } from 'vitest';
import { followPage } from './testing/page.ts';

const TEST_TIMEOUT_MS = 240_000;

it(
  'the tutorial says what happens',
  async () => {
    const { done } = await followPage('your-own-system.md');
    expect(done).toBeGreaterThanOrEqual(10);
  },
  TEST_TIMEOUT_MS,
);
