/** The baseline of triage: read from its file, or from a revision of the user's repository. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { writeWhole } from '../../results/run-directory.ts';
import {
  type Baseline,
  BASELINE_FILE,
  baselineText,
  EMPTY_BASELINE,
  parseBaseline,
} from '../../results/triage/baseline.ts';
import { HarnessError } from '../errors.ts';
import { runGit } from './git.ts';

export interface FoundBaseline {
  readonly baseline: Baseline;
  /** Where it is from, for people; null where there is none yet. */
  readonly source: string | null;
}

/**
 * @param given - a file, a git revision (`main`: the file of the usual name there), or `REVISION:PATH`; absent: the file of the usual name, if there is one
 * @throws HarnessError `usage` where it is neither, and what `parseBaseline` throws
 */
export function readBaseline(given: string | undefined): FoundBaseline {
  const file = given ?? BASELINE_FILE;
  if (isFile(file)) return { baseline: parseBaseline(readFileSync(file, 'utf8'), file), source: file };
  if (given === undefined) return { baseline: EMPTY_BASELINE, source: null };
  return atRevision(given);
}

function atRevision(given: string): FoundBaseline {
  const [revision = '', path = `./${BASELINE_FILE}`] = splitOnce(given, ':');
  const commit = runGit(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
  if (commit.exitCode !== 0) {
    const why = existsSync(given) ? 'is no file' : 'is no file, and no revision of git here';
    throw new HarnessError('usage', `--baseline ${given}: ${why}`);
  }
  const source = `${given} (${commit.stdout.slice(0, 12)})`;
  const shown = runGit(['show', `${commit.stdout}:${path}`]);
  if (shown.exitCode === 0) return { baseline: parseBaseline(shown.stdout, source), source };
  if (given.includes(':')) throw new HarnessError('usage', `--baseline ${given}: ${firstLine(shown.stderr)}`);
  // Before the first was accepted.
  return { baseline: EMPTY_BASELINE, source: `${source}, which has no ${BASELINE_FILE}` };
}

/** @throws HarnessError `io` */
export function writeBaseline(file: string, baseline: Baseline): void {
  writeWhole(file, baselineText(baseline));
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';
