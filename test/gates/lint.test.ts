import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const eslint = new ESLint({ cwd: ROOT });

/** Rules that a text breaks when it stands in the place of an existing file (type-aware rules need one). */
async function brokenRules(path: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: join(ROOT, path) });
  return [...new Set(result?.messages.map(({ ruleId, message }) => ruleId ?? message))].sort();
}

const SIMULATED = [
  'systems/raft/rules.ts',
  'systems/runtime/runtime.ts',
  'harness/generator/generator.ts',
  'harness/cluster/sim/network.ts',
  'harness/random.ts',
  'nemeses/fault.ts',
  'workloads/register.ts',
  'checkers/checker.ts',
];

const FREE = [
  'harness/cli/main.ts',
  'systems/runtime/real/real-clock.ts',
  'harness/cluster/sim/scheduler.ts',
];

const BANS = ['no-restricted-globals', 'no-restricted-imports', 'no-restricted-syntax'];

/** One touch of the world a line. */
const TOUCHES = `import { readFileSync } from 'node:fs';
setTimeout(readFileSync, 1);
setImmediate(readFileSync);
export const first = performance.now();
export const title = process.title;
export const second = Date.now();
export const third = new Date();
export const drawn = Math.random();
`;

describe('what code in the simulator may touch', () => {
  test('every touch of the world is found', async () => {
    const [result] = await eslint.lintText(TOUCHES, { filePath: join(ROOT, 'systems/raft/rules.ts') });
    const found = result?.messages.filter(({ ruleId }) => BANS.includes(ruleId ?? ''));
    expect(found?.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('a name of one’s own is no global, and a date is a value', async () => {
    const text = `export const f = (process: { title: string }): string => process.title;
      export const epochMs = Date.UTC(2026, 0, 1);`;
    expect(await brokenRules('systems/raft/rules.ts', text)).toEqual([]);
  });

  test('the bans hold where they should, and nowhere else', async () => {
    const bansOf = async (path: string): Promise<string[]> => {
      const config = (await eslint.calculateConfigForFile(join(ROOT, path))) as {
        rules: Record<string, unknown>;
      };
      return BANS.filter((rule) => rule in config.rules);
    };
    for (const path of SIMULATED) expect(await bansOf(path), path).toEqual(BANS);
    for (const path of FREE) expect(await bansOf(path), path).toEqual([]);
  });
});

test('rules that need types see them', async () => {
  const text = `
    const later = async (): Promise<number> => Promise.resolve(1);
    export function f(kind: 'a' | 'b'): void {
      later();
      switch (kind) { case 'a': break; }
    }`;
  expect(await brokenRules('checkers/checker.ts', text)).toEqual([
    '@typescript-eslint/no-floating-promises',
    '@typescript-eslint/switch-exhaustiveness-check',
  ]);
});
