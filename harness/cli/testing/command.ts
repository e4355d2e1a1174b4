/**
 * The command as a user runs it: a process of its own, with a results folder that goes away after the tests of a file.
 *
 *     const shaketable = commandIn(temporaryFolder());
 *     const { exitCode, stdout, stderr } = await shaketable('run', 'raft', 'register', '--seed', '1');
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..', '..');
const NODE = join(ROOT, 'node_modules', '.bin', 'node');
const MAIN = join(ROOT, 'harness', 'cli', 'main.ts');
/** Also of a machine that has other things to do. */
const CHILD_TIMEOUT_MS = 50_000;

export interface Ended {
  /** 128 and the signal's number when a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export type Shaketable = (...args: readonly string[]) => Promise<Ended>;

/** Removed after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shaketable-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function startCommand(
  args: readonly string[],
  cwd: string,
  more: Readonly<Record<string, string>> = {},
  timeoutMs = CHILD_TIMEOUT_MS,
): Started {
  const env = { ...process.env, NO_COLOR: '1', ...more };
  const child = spawn(NODE, [MAIN, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  return { child, ended: endOf(child, timeoutMs) };
}

export function endOf(child: ChildProcess, timeoutMs = CHILD_TIMEOUT_MS): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => (output[name] += text));
    }
    const timeout = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`still running after ${timeoutMs} ms; so far:\n${output.stdout}\n${output.stderr}`));
    }, timeoutMs);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timeout);
      const exitCode = code ?? (signal === 'SIGKILL' ? 137 : signal === 'SIGTERM' ? 143 : 130);
      resolve({ exitCode, ...output });
    });
  });
}

/** Paths in arguments, and `results/runs`, are below this folder. */
export function commandIn(folder: string): Shaketable {
  return (...args) => startCommand(args, folder).ended;
}

/** The run directories below a results folder, oldest first. */
export function runsIn(results: string): readonly string[] {
  return readdirSync(results).flatMap((kind) =>
    readdirSync(join(results, kind))
      .sort()
      .map((run) => join(results, kind, run)),
  );
}

/** The only run below a results folder. */
export function onlyRunIn(results: string): string {
  const runs = runsIn(results);
  if (runs.length !== 1)
    throw new Error(`expected one run in ${results}, found ${runs.join(', ') || 'none'}`);
  return runs[0] as string;
}

/** A copy that a test may damage. */
export function copyOf(run: string, to: string): string {
  cpSync(run, to, { recursive: true });
  return to;
}

export function readJson<T>(...path: readonly string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}

/** The records of a `.jsonl` file, without its header. */
export function readRecords<T>(...path: readonly string[]): T[] {
  const lines = readFileSync(join(...path), 'utf8')
    .split('\n')
    .slice(1);
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}
