/** A run directory read back: what a run was, and what it recorded up to where it was cut off, if it was. */
import { createReadStream } from 'node:fs';
import { RunDirectory } from '../../results/run-directory.ts';
import type { StoryInput } from '../../results/report/story-rows.ts';
import { parseVerdict, type RecordedVerdict } from '../../results/verdict-file.ts';
import { HarnessError } from '../errors.ts';
import type { History } from '../history/history.ts';
import { decodeHistory } from '../history/json-lines.ts';
import { streamTrace } from '../history/trace-lines.ts';
import type { TornLine } from '../history/versioned-lines.ts';
import { parseTestDefinition, type TestDefinition } from '../run/test-definition.ts';
import { checkersOf, type Judgement, Jury } from './judge.ts';
import { savedStory } from './saved-story.ts';
import { loadModulesOf } from './own/saved-modules.ts';

export interface SavedRun {
  readonly directory: RunDirectory;
  readonly test: TestDefinition;
  /** Modules of the user's own that it was run with and that are not here. */
  readonly goneModules: readonly string[];
  readonly history: History;
  /** Null when the run was cut off before its verdict, or the file tells nothing. */
  readonly verdict: RecordedVerdict | null;
  /** The record ends before the run did: it is judged, and replayed, as far as it goes. */
  readonly isCutOff: boolean;
  /** For people: what is missing. */
  readonly notes: readonly string[];
}

/** @throws HarnessError with one line that names the file, when there is no run here or it cannot be read */
export async function openSavedRun(path: string): Promise<SavedRun> {
  const directory = RunDirectory.open(path);
  const testPath = directory.file('test.json');
  const test = parseTestDefinition(directory.read('test.json').toString('utf8'), testPath);
  const goneModules = await loadModulesOf(test, path);
  const historyPath = directory.file('history.jsonl');
  const { history, torn } = decodeHistory(directory.read('history.jsonl'), { fileName: historyPath });
  const notes: string[] = [];
  if (torn !== undefined) notes.push(tornNote(historyPath, torn));
  const verdict = readVerdict(directory, notes);
  const isShort = verdict !== null && history.length < verdict.operations;
  if (isShort) {
    notes.push(
      `${historyPath} holds ${history.length} of the ${verdict.operations} records that its verdict was made from: ` +
        'it has lost its end, and is judged as far as it goes',
    );
  }
  return { directory, test, goneModules, history, verdict, isCutOff: verdict === null || isShort, notes };
}

function readVerdict(directory: RunDirectory, notes: string[]): RecordedVerdict | null {
  if (!directory.has('verdict.json')) {
    notes.push(`${directory.path} has no verdict.json: the run was cut off, and is judged as far as it got`);
    return null;
  }
  try {
    return parseVerdict(directory.read('verdict.json').toString('utf8'), directory.file('verdict.json'));
  } catch (error) {
    notes.push(`${HarnessError.from(error).message} (it is left aside)`);
    return null;
  }
}

export function tornNote(path: string, torn: TornLine): string {
  return `${path} ends in the middle of line ${torn.line}: it was cut off there, and is judged up to it`;
}

interface JudgedRun extends Judgement {
  /** As much of the trace as a report needs. */
  readonly trace: Jury['trace'];
  readonly notes: readonly string[];
  /** Of small simulated runs. */
  readonly story?: StoryInput;
}

/** Judges a saved run with today's checkers. The trace is read as it is needed, and may be longer than the memory. */
export async function judgeSavedRun(
  { directory, test, goneModules, history, notes: known }: SavedRun,
  limits: { readonly isOverdue: () => boolean; readonly onProgress?: (share: number) => void },
): Promise<JudgedRun> {
  const notes = [...known];
  if (goneModules.length > 0) notes.push(goneNote(goneModules));
  const jury = new Jury(about(directory.file('test.json'), () => checkersOf(test, { goneModules })));
  if (directory.has('trace.jsonl')) {
    const fileName = directory.file('trace.jsonl');
    const records = streamTrace(readBytes(fileName), {
      fileName,
      onTorn: (torn) => notes.push(tornNote(fileName, torn)),
    });
    await jury.observeAll(records, limits.isOverdue);
  } else {
    notes.push(`${directory.path} has no trace.jsonl: what the nodes said of themselves is not judged`);
  }
  return {
    ...(await jury.verdict({ history, ...limits })),
    trace: jury.trace,
    notes,
    ...savedStory(directory),
  };
}

function goneNote(modules: readonly string[]): string {
  return `${modules.join(', ')} ${modules.length === 1 ? 'is' : 'are'} gone: what was defined there does not judge`;
}

/** What goes wrong is said with the file that it lies in: a name in it is of another release. */
export function about<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw errorAbout(path, error);
  }
}

export function errorAbout(path: string, error: unknown): HarnessError {
  const { code, message } = HarnessError.from(error);
  return new HarnessError(code, `${path}: ${message}`, { cause: error });
}

async function* readBytes(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>;
  } catch (error) {
    // What a reader of these bytes throws does not come this way.
    throw HarnessError.from(error, 'io', `cannot read ${path}`);
  }
}
