/** What is not judged while somebody waits; a report that is made is in serve.test.ts. */
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeRun } from '../../results/index/testing/made-runs.ts';
import { reportMaker } from './report-maker.ts';
import { temporaryFolder } from './testing/command.ts';

const folder = temporaryFolder();
const refusal = (directory: string): Promise<unknown> =>
  reportMaker()(directory, AbortSignal.abort()).catch((error: unknown) => (error as Error).message);

test('modules of the user’s own are not run', async () => {
  for (const own of [
    { systemModule: 'kv.ts' },
    { workloadModule: 'w.ts' },
    { nemesisModules: ['n.ts'] },
    { configFile: 'c.ts' },
  ]) {
    const directory = makeRun(folder, { path: 'own', valid: true, test: own });
    expect(await refusal(directory)).toBe(
      'It was run with modules of your own, which are not run to show it.',
    );
  }
});

test('neither is what is too long, or has no history', async () => {
  const directory = makeRun(folder, { path: 'run', valid: true });
  truncateSync(join(directory, 'history.jsonl'), (32 << 20) + 1);
  expect(await refusal(directory)).toBe('It is too long to be judged while you wait.');
  rmSync(join(directory, 'history.jsonl'));
  expect(await refusal(directory)).toBe('It has no history any more.');
});
