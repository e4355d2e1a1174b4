/**
 * A disk of a few kilobytes or megabytes, for tests that fill it. To mount it takes root.
 *
 *     it.skipIf(smallDisks.skip)(`a full disk${smallDisks.note}`, () => {
 *       const disk = mountSmallDisk(join(folder, 'tiny'), '300k');
 *       disk.resize('10m');
 *       disk.unmount();
 *     });
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requirement } from './require.ts';

export interface SmallDisk {
  /** What is on it stays. */
  resize(size: string): void;
  unmount(): void;
}

/** @param size - in bytes, or with `k` or `m` */
export function mountSmallDisk(path: string, size: string): SmallDisk {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' });
  return {
    resize: (newSize) => void execFileSync('mount', ['-o', `remount,size=${newSize}`, path]),
    unmount: () => void execFileSync('umount', [path]),
  };
}

function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'small-disk-'));
  try {
    mountSmallDisk(probe, '100k').unmount();
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true });
  }
}

export const smallDisks = requirement('root', canMount(), 'to fill a disk, a small one has to be mounted');
