/**
 * Reports made while somebody waits for them: a process of its own judges the run, so that the server goes on answering, and can be
 * ended. Runs whose system or workload is a module of the user's are left alone: to look at a run must not run its code.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HarnessError } from '../errors.ts';
import { parseTestDefinition } from '../run/test-definition.ts';

const HISTORY_BYTES_MAX = 32 << 20;
const TRACE_BYTES_MAX = 128 << 20;
const WAIT_MS_MAX = 60_000;
const run = promisify(execFile);

/** @returns what makes the report of a run directory; it fails with a sentence for people */
export function reportMaker(): (directory: string, signal: AbortSignal) => Promise<string> {
  let isBusy = false;
  return async (directory, signal) => {
    requireCheap(directory);
    if (isBusy) throw new HarnessError('io', 'Another report is being made: try again in a moment.');
    isBusy = true;
    const folder = mkdtempSync(join(tmpdir(), 'shaketable-report-'));
    try {
      return await makeReport(directory, join(folder, 'report.html'), signal);
    } finally {
      isBusy = false;
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

function requireCheap(directory: string): void {
  const file = join(directory, 'test.json');
  const {
    systemModule,
    workloadModule,
    nemesisModules = [],
    configFile,
  } = parseTestDefinition(readFileSync(file, 'utf8'), file);
  if ([systemModule, workloadModule, configFile, ...nemesisModules].some((path) => path !== undefined)) {
    throw new HarnessError('usage', 'It was run with modules of your own, which are not run to show it.');
  }
  const size = (name: string): number =>
    statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  if (size('history.jsonl') === 0) throw new HarnessError('usage', 'It has no history any more.');
  if (size('history.jsonl') > HISTORY_BYTES_MAX || size('trace.jsonl') > TRACE_BYTES_MAX) {
    throw new HarnessError('usage', 'It is too long to be judged while you wait.');
  }
}

async function makeReport(directory: string, file: string, signal: AbortSignal): Promise<string> {
  const command = process.argv[1] ?? '';
  try {
    await run(process.execPath, [...process.execArgv, command, 'report', directory, '--output', file], {
      signal,
      timeout: WAIT_MS_MAX,
      killSignal: 'SIGKILL',
    });
  } catch (error) {
    const { killed, stderr } = error as { killed?: boolean; stderr?: string };
    const told = killed === true ? `It takes longer than ${WAIT_MS_MAX / 1000} s.` : (stderr ?? '').trim();
    throw new HarnessError('io', told === '' ? 'It could not be judged.' : told, { cause: error });
  }
  return readFileSync(file, 'utf8');
}
