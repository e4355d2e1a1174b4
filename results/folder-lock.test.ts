import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FolderLock } from './folder-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HOLDER = `
  import { FolderLock } from '${join(import.meta.dirname, 'folder-lock.ts')}';
  globalThis.lock = FolderLock.take(process.argv[1]);
  console.log(globalThis.lock !== null);
  setInterval(() => {}, 1000);`;

describe('the lock of a folder', () => {
  it('is had by one at a time', () => {
    const file = join(folder, 'one.lock');
    const lock = FolderLock.take(file);
    expect([lock === null, FolderLock.take(file)]).toEqual([false, null]);
    lock?.release();
    FolderLock.take(file)?.release();
    expect(FolderLock.take(file)).not.toBeNull();
  });

  it('is shared by several, or had by one', () => {
    const file = join(folder, 'shared.lock');
    const shared = [FolderLock.share(file), FolderLock.share(file)];
    expect([shared.includes(null), FolderLock.take(file)]).toEqual([false, null]);
    for (const lock of shared) lock?.release();
    const lock = FolderLock.take(file);
    expect([lock === null, FolderLock.share(file)]).toEqual([false, null]);
    lock?.release();
  });

  it('ends with its process, however that ends', async () => {
    const file = join(folder, 'killed.lock');
    const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, file]);
    const [told] = (await once(holder.stdout, 'data')) as [Buffer];
    expect([told.toString(), FolderLock.take(file)]).toEqual(['true\n', null]);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(FolderLock.take(file)).not.toBeNull();
  });

  it('says where it cannot be', () => {
    expect(() => FolderLock.take(join(folder, 'none', 'a.lock'))).toThrow('unable to open database file');
  });
});
