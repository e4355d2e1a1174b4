/**
 * `-daemon`: the server as a process of its own, which outlives the terminal. It writes to a log file, and tells the command that
 * started it over a channel whether it runs; then it cuts that last tie.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { machineError } from './exit-codes.ts';

/** Set in the environment of the process that became the server. */
const DAEMON_VARIABLE = 'KRAFT_DAEMON';
/** A server that has neither started nor failed by then is left to itself. */
const START_TIMEOUT_MS = 30_000;

export interface DaemonStarted {
  readonly pid: number;
  readonly logFile: string;
  /** Null: it has not said in time. */
  readonly failure: { readonly message: string; readonly exitCode: number } | null;
  readonly isCertain: boolean;
}

type Report =
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly message: string; readonly exitCode: number };

export const isDaemon = (): boolean => process.env[DAEMON_VARIABLE] !== undefined;

/** Says to the command that started this daemon what has become of it. */
export function reportToStarter(report: Report): Promise<void> {
  return new Promise((done) => {
    if (!isDaemon() || process.send === undefined || !process.connected) return done();
    process.send(report, () => {
      if (process.connected) process.disconnect();
      done();
    });
  });
}

/** `$LOG_DIR/kraft-1.log`, as Kafka's scripts, or in `logs` of the present folder. */
export function daemonLogFile(nodeId: number): string {
  return resolve(join(process.env['LOG_DIR'] ?? 'logs', `kraft-${nodeId}.log`));
}

/** @param args - of the command line, without `-daemon` */
export function startDaemon(args: readonly string[], nodeId: number): Promise<DaemonStarted> {
  const logFile = daemonLogFile(nodeId);
  const log = openLog(logFile);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] as string, ...args], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: { ...process.env, [DAEMON_VARIABLE]: '1' },
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    const started = (failure: DaemonStarted['failure'], isCertain: boolean): void => {
      clearTimeout(timeout);
      if (child.connected) child.disconnect();
      child.unref();
      resolve({ pid: child.pid ?? 0, logFile, failure, isCertain });
    };
    const timeout = setTimeout(() => started(null, false), START_TIMEOUT_MS);
    child.once('error', (error) => {
      clearTimeout(timeout);
      reject(machineError(`the server could not be started: ${error.message}`));
    });
    child.once('message', (report: Report) => started(report.kind === 'failed' ? report : null, true));
    child.once('exit', (code) => started({ message: 'it ended as it started', exitCode: code ?? 70 }, true));
  });
}

function openLog(file: string): number {
  try {
    mkdirSync(resolve(file, '..'), { recursive: true });
    return openSync(file, 'a');
  } catch (error) {
    throw machineError(`the log cannot be written: ${(error as Error).message}`);
  }
}
