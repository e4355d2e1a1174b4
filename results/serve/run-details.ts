/** What the page of one run, and a comparison of two, read of a run directory beside its record in the index. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HarnessError } from '../../harness/errors.ts';
import { parseTestDefinition, type TestDefinition } from '../../harness/run/test-definition.ts';
import { type RunStatistics, statisticsOf } from '../run-statistics.ts';
import { readInput } from '../run-directory.ts';
import { parseVerdict, type RecordedVerdict } from '../verdict-file.ts';

export interface RunDetails {
  /** Null: it cannot be read. */
  readonly test: TestDefinition | null;
  /** Null: there is none yet, or it cannot be read. */
  readonly verdict: RecordedVerdict | null;
  readonly statistics: RunStatistics | null;
  /** For people. */
  readonly problems: readonly string[];
}

export function readDetails(directory: string): RunDetails {
  const problems: string[] = [];
  const read = <T>(name: string, parse: (text: string, path: string) => T): T | null => {
    const path = join(directory, name);
    try {
      return existsSync(path) ? parse(readInput(path).toString('utf8'), path) : null;
    } catch (error) {
      problems.push(HarnessError.from(error).message);
      return null;
    }
  };
  const test = read('test.json', parseTestDefinition);
  const verdict = read('verdict.json', parseVerdict);
  const counted = verdict?.verdicts.find(({ checker }) => checker === 'statistics')?.statistics;
  return { test, verdict, statistics: statisticsOf(counted), problems };
}

export interface RunFile {
  /** From the run directory, with `/`. */
  readonly name: string;
  readonly sizeBytes: number;
}

/** A run has a handful, and one for each node. */
const FILES_MAX = 2000;

/** The files of a run, sorted; neither links nor what begins with a dot. */
export function filesOf(directory: string): readonly RunFile[] {
  const files: RunFile[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(directory, folder), { withFileTypes: true })) {
      if (entry.name.startsWith('.') || files.length === FILES_MAX) continue;
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(name);
      else if (entry.isFile()) {
        const found = statSync(join(directory, name), { throwIfNoEntry: false });
        if (found !== undefined) files.push({ name, sizeBytes: found.size });
      }
    }
  };
  visit('');
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}
