/**
 * `.lock` in a node's directory: one server a directory. It names the process; what a process that is gone left is taken over.
 *
 *     const lock = takeLock('/var/kraft');   // throws when another server has it
 *     lock.release();
 *
 * It keeps apart servers of one machine. Of a directory that machines share it knows nothing.
 */
import { linkSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineError } from './exit-codes.ts';
import { identify, isRunning } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

export const LOCK_FILE = '.lock';
/** Held while a lock that was left behind is taken over, so that two do not take it at once. */
const TAKING_FILE = '.lock.taking';
/** Taking over is a matter of milliseconds: who has not finished by then is gone, too. */
const TAKING_MS_MAX = 10_000;

export interface ServerLock {
  /** Idempotent. */
  release(): void;
}

/** @throws HarnessError `io` in one line: another server runs there, or the directory cannot be written */
export function takeLock(directory: string): ServerLock {
  const file = join(directory, LOCK_FILE);
  if (!createLock(file)) takeOver(directory, file);
  let isHeld = true;
  return {
    release: () => {
      if (isHeld) remove(file);
      isHeld = false;
    },
  };
}

/** Who has a directory at this moment; null for nobody. */
export function lockHolder(directory: string): ProcessIdentity | null {
  const holder = readLock(join(directory, LOCK_FILE));
  return holder !== null && isRunning(holder) ? holder : null;
}

function takeOver(directory: string, file: string): void {
  refuseIfHeld(directory, file);
  const taking = join(directory, TAKING_FILE);
  if (!createLock(taking)) {
    if (ageMs(taking) < TAKING_MS_MAX)
      throw machineError(`${directory}: another server starts there at this moment`);
    remove(taking);
    if (!createLock(taking)) throw machineError(`${directory}: another server starts there at this moment`);
  }
  try {
    refuseIfHeld(directory, file);
    remove(file);
    if (!createLock(file)) throw machineError(`${directory}: another server has started there`);
  } finally {
    remove(taking);
  }
}

function refuseIfHeld(directory: string, file: string): void {
  const holder = readLock(file);
  if (holder === null || !isRunning(holder)) return;
  throw machineError(
    `${directory} is in use by another server (pid ${holder.pid}): stop that one, or name another directory in log.dirs`,
  );
}

/** The file appears with all that is in it, or not at all. @returns false when there is one */
function createLock(file: string): boolean {
  const { pid, start } = identify(process.pid);
  const part = `${file}.${pid}`;
  try {
    writeFileSync(part, `${pid} ${start ?? '-'}\n`);
    linkSync(part, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw machineError(`${file} cannot be written: ${(error as Error).message}`);
  } finally {
    remove(part);
  }
}

/** Null where nothing can be read of whom: then nobody has it. */
function readLock(file: string): ProcessIdentity | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  const match = /^(\d{1,10}) (\d{1,20}|-)\n$/.exec(text);
  if (match === null) return null;
  return { pid: Number(match[1]), start: match[2] === '-' ? null : (match[2] as string) };
}

function ageMs(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return Infinity;
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
