/**
 * The folder in which the workers of a machine keep runs until they are in Redis. All share a lock while they live; one that begins when
 * there is no other removes what those that were killed have left half done.
 *
 *     const lock = await joinFolder('results/sweeps', store);
 *     lock?.release();
 *
 * Where in doubt it removes nothing: of sweeps that Redis has forgotten, or that were collected there, and where workers of other
 * machines have been at the folder, whose locks may not be seen from here.
 */
import { existsSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FolderLock } from '../../../results/folder-lock.ts';
import { makeFolder } from '../../../results/run-directory.ts';
import { hasLedger, removeRunsBut } from '../sweep-folder.ts';
import type { FleetStore } from './store.ts';

const LOCK = /^fleet-.*\.lock$/;
/** Who removes something has the lock alone meanwhile. */
const SHARE_ATTEMPTS = 600;
const RETRY_MS = 100;

/** @returns null where nothing can be locked there: nothing is removed then, and runs may yet be written */
export async function joinFolder(folder: string, store: FleetStore): Promise<FolderLock | null> {
  const lock = `fleet-${hostname()}.lock`;
  const file = join(folder, lock);
  try {
    makeFolder(folder);
    const alone = FolderLock.take(file);
    const isOurs = readdirSync(folder).every((name) => name === lock || !LOCK.test(name));
    // What cannot be removed, or not be asked for, stays.
    if (alone !== null && isOurs) await removeLeft(folder, store).catch(() => undefined);
    alone?.release();
    for (let attempt = 1; attempt <= SHARE_ATTEMPTS; attempt++) {
      const shared = FolderLock.share(file);
      if (shared !== null) return shared;
      await delay(RETRY_MS);
    }
  } catch {
    // Said when a run is written, where that fails, too.
  }
  return null;
}

async function removeLeft(folder: string, store: FleetStore): Promise<void> {
  for (const id of await store.ids()) {
    const path = join(folder, id);
    if (!existsSync(path)) continue;
    const records = await store.recordsFrom(await store.open(id), 0);
    if (!hasLedger(path)) removeRunsBut(records, path);
  }
}
