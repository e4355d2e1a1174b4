/**
 * Files where those who sync one directory at a time share the fsyncs: thousands of new folders in one parent cost few of them.
 *
 *     const files = sharingSyncs(runtime.files);
 *     await Promise.all(folders.map(async (folder) => {
 *       await files.makeDirectory(folder);
 *       await files.syncDirectory(''); // one fsync for all that wait here
 *     }));
 *
 * One that is under way may have come too early for a name that was just made, so that whoever comes meanwhile shares the next.
 */
import type { Files } from '../../../runtime/runtime.ts';

interface Syncs {
  /** Under way, or about to begin. */
  current: Promise<void>;
  /** To begin when that has ended. */
  next: Promise<void> | null;
}

export function sharingSyncs(files: Files): Files {
  const byPath = new Map<string, Syncs>();
  const begin = (path: string): Promise<void> => {
    const current = files.syncDirectory(path);
    const syncs: Syncs = { current, next: null };
    byPath.set(path, syncs);
    const ended = (): void => {
      if (byPath.get(path) === syncs && syncs.next === null) byPath.delete(path);
    };
    current.then(ended, ended);
    return current;
  };
  return {
    open: (path, options) => files.open(path, options),
    readAll: (path) => files.readAll(path),
    exists: (path) => files.exists(path),
    list: (directory) => files.list(directory),
    makeDirectory: (path) => files.makeDirectory(path),
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    syncDirectory: (path) => {
      const syncs = byPath.get(path);
      if (syncs === undefined) return begin(path);
      const again = (): Promise<void> => begin(path);
      syncs.next ??= syncs.current.then(again, again);
      return syncs.next;
    },
  };
}
