/** Who shares an fsync of a directory, and who must not. */
import { expect, test } from 'vitest';
import type { Files } from '../../../runtime/runtime.ts';
import { sharingSyncs } from './shared-syncs.ts';

/** Syncs that end when they are told to. */
function heldSyncs(): { files: Files; begun: string[]; end: (error?: Error) => Promise<void> } {
  const begun: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const files = {
    syncDirectory: (path: string) => {
      begun.push(path);
      return new Promise<void>((resolve, reject) => {
        ends.push((error) => (error === undefined ? resolve() : reject(error)));
      });
    },
  } as unknown as Files;
  const end = async (error?: Error): Promise<void> => {
    ends.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { files: sharingSyncs(files), begun, end };
}

test('those who come while a sync is under way share the next one', async () => {
  const { files, begun, end } = heldSyncs();
  const done: string[] = [];
  const sync = (name: string): void => void files.syncDirectory('').then(() => done.push(name));
  sync('first');
  sync('second');
  sync('third');
  expect(begun).toEqual(['']);
  await end();
  expect([done, begun]).toEqual([['first'], ['', '']]);
  sync('fourth');
  await end();
  expect([done, begun]).toEqual([
    ['first', 'second', 'third'],
    ['', '', ''],
  ]);
  await end();
  expect(done.at(-1)).toBe('fourth');
  sync('fifth');
  expect(begun).toHaveLength(4);
  await end();
  expect(done.at(-1)).toBe('fifth');
});

test('directories have syncs of their own, and a failure is told to those who share it only', async () => {
  const { files, begun, end } = heldSyncs();
  const one = files.syncDirectory('a');
  const two = files.syncDirectory('a');
  void files.syncDirectory('b');
  expect(begun).toEqual(['a', 'b']);
  const failed = expect(one).rejects.toThrow('EIO');
  await end(new Error('EIO'));
  await failed;
  await end();
  await end();
  await expect(two).resolves.toBeUndefined();
});
