/** A run directory read back: what a run was, and what it recorded up to where it was cut off, if it was. */
import { RunDirectory } from '../../results/run-directory.ts';
import type { History } from '../history/history.ts';
import { decodeHistory } from '../history/json-lines.ts';
import { decodeTrace } from '../history/trace-lines.ts';
import type { TraceRecord } from '../history/trace.ts';
import { parseTestDefinition, type TestDefinition } from '../run/test-definition.ts';

export interface SavedRun {
  readonly directory: RunDirectory;
  readonly test: TestDefinition;
  readonly history: History;
  readonly trace: readonly TraceRecord[];
  /** For people: a file that ends in the middle of a line, a missing trace. */
  readonly notes: readonly string[];
}

export function openSavedRun(path: string): SavedRun {
  const directory = RunDirectory.open(path);
  const notes: string[] = [];
  const noteTorn = (name: string, torn: { readonly line: number } | undefined): void => {
    if (torn === undefined) return;
    notes.push(
      `${name} ends in the middle of line ${torn.line}: the run was cut off there, and judged up to it`,
    );
  };
  const historyPath = directory.file('history.jsonl');
  const decoded = decodeHistory(directory.read('history.jsonl'), { fileName: historyPath });
  noteTorn(historyPath, decoded.torn);
  let trace: readonly TraceRecord[] = [];
  if (directory.has('trace.jsonl')) {
    const tracePath = directory.file('trace.jsonl');
    const lines = decodeTrace(directory.read('trace.jsonl'), { fileName: tracePath });
    noteTorn(tracePath, lines.torn);
    trace = lines.records;
  } else {
    notes.push(`${path} has no trace.jsonl: what the nodes said of themselves is not judged`);
  }
  return { directory, test: readTest(directory), history: decoded.history, trace, notes };
}

export function readTest(directory: RunDirectory): TestDefinition {
  return parseTestDefinition(directory.read('test.json').toString('utf8'), directory.file('test.json'));
}
