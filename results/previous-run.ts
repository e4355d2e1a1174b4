/**
 * The run before: the newest one of the same test in the same folder, that is with the same settings but for the seed. Who
 * compares wants to know what changed since last night.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseTestDefinition, type TestDefinition } from '../harness/run/test-definition.ts';
import { RunDirectory } from './run-directory.ts';
import { type RunSummary, summarizeRun } from './saved-runs.ts';

/** Runs of other settings that may lie between. */
const MAX_LOOKED_AT = 30;

/** @returns null when there is none; what cannot be read is passed over */
export function previousRun({ path }: RunDirectory, test: TestDefinition): RunSummary | null {
  const folder = dirname(resolve(path));
  const settings = settingsOf(test);
  for (const name of namesBefore(folder, basename(resolve(path)))) {
    const other = join(folder, name);
    if (!RunDirectory.isRun(other)) continue;
    try {
      const file = join(other, 'test.json');
      const text = RunDirectory.open(other).read('test.json').toString('utf8');
      const found = parseTestDefinition(text, file);
      if (found.startedAt >= test.startedAt || settingsOf(found) !== settings) continue;
      const summary = summarizeRun(other);
      if (summary.valid !== null) return summary;
    } catch {
      // Torn, or of another release: the one before it will do.
    }
  }
  return null;
}

/** Newest first: names begin with the time in UTC. */
function namesBefore(folder: string, own: string): readonly string[] {
  const time = own.slice(0, own.indexOf('-') + 1);
  try {
    return readdirSync(folder)
      .filter((name) => name !== own && name < `${time}~`)
      .sort((a, b) => (a < b ? 1 : -1))
      .slice(0, MAX_LOOKED_AT);
  } catch {
    return [];
  }
}

/** All that defines the test but for what differs from night to night. */
function settingsOf(test: TestDefinition): string {
  const changing: ReadonlySet<string> = new Set<keyof TestDefinition>([
    'seed',
    'startedAt',
    'commandLine',
    'gitRevision',
    'shaketableVersion',
  ]);
  const same = Object.entries(test).filter(([name]) => !changing.has(name));
  return JSON.stringify(same.sort(([a], [b]) => (a < b ? -1 : 1)));
}
