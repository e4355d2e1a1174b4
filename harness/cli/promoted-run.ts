/**
 * A failure that was kept as a regression test (`shaketable promote`): a folder with `test.json`, `plan.json`, `history.jsonl`,
 * `trace.jsonl`, and `expected.json`, which says what has to come of them.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { RunDirectory } from '../../results/run-directory.ts';
import { HarnessError } from '../errors.ts';
import type { TestDefinition } from '../run/test-definition.ts';
import { parseVersionedJson } from '../versioned-json.ts';

const PROMOTED_FORMAT = 'shaketable-promoted';
const PROMOTED_VERSION = 1;
export const EXPECTED_FILE = 'expected.json';
/** What the name of a folder ends with while it is written. */
export const PARTIAL = '.partial';

/**
 * - `found`: the plan shows the anomaly on today's code, as it does with a bug that is injected, or not mended.
 * - `valid`: no checker finds anything any more: it was mended, and stays so.
 */
export const EXPECTATIONS = ['found', 'valid'] as const;

export interface ExpectedVerdict {
  readonly expect: (typeof EXPECTATIONS)[number];
  /** `checker/anomaly`, which the history shows whatever becomes of the code. */
  readonly anomaly: string;
  /** What the checker said when it was kept. */
  readonly explanation: string;
  /** The run directory that it was. */
  readonly from: string;
}

export function expectedFile(expected: ExpectedVerdict): unknown {
  return { format: PROMOTED_FORMAT, version: PROMOTED_VERSION, ...expected };
}

const expectedSchema = z.object({
  expect: z.enum(EXPECTATIONS),
  anomaly: z.string().regex(/^[^/]+\/[^/]+$/, 'must be CHECKER/ANOMALY'),
  explanation: z.string(),
  from: z.string(),
});

/**
 * Refuses to expect `valid` of a run in real time: nothing of it is run again, so that nothing could fail.
 *
 * @throws HarnessError `usage`
 */
export function requireTestable(
  { expect }: Pick<ExpectedVerdict, 'expect'>,
  { cluster }: TestDefinition,
  path: string,
): void {
  if (expect === 'found' || cluster === 'sim') return;
  throw new HarnessError(
    'usage',
    `${path} ran on cluster ${cluster}, and is not run again: a test that expects "valid" of it could only pass; ` +
      'expect "found", of its history, and sweep the system that is mended',
  );
}

/** @throws HarnessError with one line that names the file */
export function readExpected(folder: string): ExpectedVerdict {
  const directory = RunDirectory.open(folder);
  return parseVersionedJson(directory.read(EXPECTED_FILE).toString('utf8'), directory.file(EXPECTED_FILE), {
    format: PROMOTED_FORMAT,
    version: PROMOTED_VERSION,
    foreign: 'is not what shaketable promote wrote',
    schema: expectedSchema,
  });
}

/**
 * The promoted runs in a folder, by name.
 *
 * @returns paths
 * @throws HarnessError `usage` when there is no such folder, or one of the runs in it was not promoted to the end
 */
export function promotedRuns(folder: string): readonly string[] {
  const isExpected = (path: string): boolean => existsSync(join(path, EXPECTED_FILE));
  const runs = foldersIn(folder).filter((path) => RunDirectory.isRun(path) || isExpected(path));
  for (const path of runs) {
    if (path.endsWith(PARTIAL) || !RunDirectory.isRun(path) || !isExpected(path)) {
      throw new HarnessError(
        'usage',
        `${path} was not promoted to the end, and is not tested: remove it, and promote its run again`,
      );
    }
  }
  return runs.sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch (error) {
    throw new HarnessError('usage', `${folder} is no folder of promoted runs`, { cause: error });
  }
}
