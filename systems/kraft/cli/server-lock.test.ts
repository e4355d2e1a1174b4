import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify, isRunning } from './processes.ts';
import { LOCK_FILE, lockHolder, takeLock } from './server-lock.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kraft-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const file = (): string => join(directory, LOCK_FILE);

/** A process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

test('one has it, until it is released', () => {
  const lock = takeLock(directory);
  expect(lockHolder(directory)?.pid).toBe(process.pid);
  expect(() => takeLock(directory)).toThrow(new RegExp(`in use by another server \\(pid ${process.pid}\\)`));
  lock.release();
  lock.release();
  expect(existsSync(file())).toBe(false);
  expect(lockHolder(directory)).toBeNull();
  takeLock(directory).release();
});

test.each([
  ['of a process that is gone', () => `${deadPid()} 123\n`],
  ['of a process whose number another has by now', () => `${process.pid} 1\n`],
  ['half written', () => '12'],
  ['empty', () => ''],
])('a lock %s is taken over', (_, text) => {
  writeFileSync(file(), text());
  expect(lockHolder(directory)).toBeNull();
  const lock = takeLock(directory);
  expect(readFileSync(file(), 'utf8')).toMatch(new RegExp(`^${process.pid} `));
  lock.release();
});

test('two do not take one over at once; who began and is gone does not stand in the way', () => {
  writeFileSync(file(), `${deadPid()} 123\n`);
  const taking = join(directory, '.lock.taking');
  writeFileSync(taking, '');
  expect(() => takeLock(directory)).toThrow(/starts there at this moment/);
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(taking, longAgo, longAgo);
  takeLock(directory).release();
  expect(existsSync(taking)).toBe(false);
});

test('processes are known by when they began', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
  const identity = identify(child.pid as number);
  expect(isRunning(identity)).toBe(true);
  if (identity.start !== null) expect(isRunning({ ...identity, start: '1' })).toBe(false);
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  expect(isRunning(identity)).toBe(false);
});
