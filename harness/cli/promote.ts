/** `shaketable promote`: keeps a failure as a regression test that `npm test` runs. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { makeFolder, RunDirectory, writeWhole } from '../../results/run-directory.ts';
import { EXIT, HarnessError } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import {
  EXPECTATIONS,
  EXPECTED_FILE,
  expectedFile,
  type ExpectedVerdict,
  PARTIAL,
  requireTestable,
} from './promoted-run.ts';
import { failureOf, targetName } from './saved-failure.ts';
import { readPlan } from './saved-plan.ts';
import { openSavedRun, type SavedRun } from './saved-run.ts';

interface Options {
  readonly to: string;
  readonly name?: string;
  readonly anomaly?: string;
  readonly expect: ExpectedVerdict['expect'];
}

/** What a promoted run keeps; `report` and `replay` read the folder as they read any run. */
const FILES = ['test.json', 'plan.json', 'history.jsonl', 'trace.jsonl'] as const;
/** More records than this are better shrunk first. */
const LARGE_HISTORY = 500;
const TEST_FILE = 'regressions.test.ts';

/** Runs all that is promoted to its folder. */
const TEST_TEXT = `import { basename } from 'node:path';
import { describe, it } from 'vitest';
import { expectPromoted, promotedRuns } from 'shaketable/vitest';

describe('failures that were found once', () => {
  it.each(promotedRuns(import.meta.dirname).map((path) => [basename(path), path]))('%s', async (_, path) => {
    await expectPromoted(path);
  });
});
`;

const EXAMPLES = `
Examples:
  shaketable shrink RUN
  shaketable promote SHRUNK                     to test/regressions/
  shaketable promote SHRUNK --expect valid      the bug is mended: it must not come back

The folder holds the plan, the history and what is expected of them. ${TEST_FILE}
beside it, written once, has vitest do the plan again on today's code and judge the history
with today's checkers: docs/regression-tests.md.`;

export function addPromoteCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('promote')
    .description('keep a failure as a regression test')
    .argument('<run>', 'a run directory of an invalid run, best a shrunk one')
    .option('--to <folder>', 'where regression tests are', join('test', 'regressions'))
    .option('--name <name>', 'of the new folder; system, workload, anomaly and seed when absent')
    .option('--anomaly <checker/name>', 'what it is about; the first of the verdict when absent')
    .addOption(
      new Option('--expect <what>', 'of today’s code: found, or valid when the bug is mended')
        .choices(EXPECTATIONS)
        .default('found'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (path: string, options: Options) => {
      await promote(path, options, output);
      finish(EXIT.valid);
    });
}

async function promote(path: string, options: Options, output: Output): Promise<void> {
  const saved = await openSavedRun(path);
  if (saved.isCutOff) {
    throw new HarnessError('usage', `${path} was cut off: ${saved.notes[0] ?? 'its record is not whole'}`);
  }
  const failure = failureOf(saved, options.anomaly);
  const { test, history, directory } = saved;
  requireTestable(options, test, path);
  if (test.cluster === 'sim') {
    readPlan(directory, 'run its seed again, and let it end');
    if (history.length > LARGE_HISTORY) {
      output.note(
        `${path} has ${history.length} records: shaketable shrink makes a test that says more and takes milliseconds`,
      );
    }
  }
  const name = options.name ?? `${test.system}-${test.workload}-${failure.anomaly}-${test.seed}`;
  if (!/^[\w][\w.-]*$/.test(name) || name.endsWith(PARTIAL)) {
    throw new HarnessError(
      'usage',
      `--name ${name}: wants letters, digits, "-", "_" and ".", and no ${PARTIAL} at its end`,
    );
  }
  const folder = join(options.to, name);
  if (existsSync(folder)) {
    throw new HarnessError('usage', `${folder} is there already: choose another --name, or remove it`);
  }
  const expected: ExpectedVerdict = {
    expect: options.expect,
    anomaly: targetName(failure),
    explanation: failure.explanation,
    from: directory.path,
  };
  const testFile = join(options.to, TEST_FILE);
  const isNew = !existsSync(testFile);
  writeFolder(saved, expected, folder, () => {
    if (isNew) writeWhole(testFile, TEST_TEXT);
  });
  output.print(folder);
  if (isNew)
    output.note(`${testFile} runs what is promoted to ${dirname(folder)}: npx vitest run ${testFile}`);
}

/**
 * Whole or not at all: written beside and renamed.
 *
 * @param finish - called when all is written, before it is renamed
 */
function writeFolder(
  { directory }: SavedRun,
  expected: ExpectedVerdict,
  folder: string,
  finish: () => void,
): void {
  const partial = `${folder}${PARTIAL}`;
  const remove = (): void => rmSync(partial, { recursive: true, force: true });
  try {
    makeFolder(dirname(folder));
    // Of one that was killed.
    if (existsSync(partial)) remove();
    for (const file of FILES) {
      if (directory.has(file)) writeWhole(join(partial, file), directory.read(file));
    }
    RunDirectory.open(partial).writeJson(EXPECTED_FILE, expectedFile(expected));
    finish();
    renameSync(partial, folder);
  } catch (error) {
    if (existsSync(partial)) remove();
    throw HarnessError.from(error, 'io', `cannot make ${folder}`);
  }
}
