/** A run directory as one zip file, on its way through Redis, and back. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { HarnessError } from '../../errors.ts';

/** No run becomes so much smaller: one that is larger is not read at all, since it is packed in memory. */
const RATIO_MAX = 100;

/** Null where it is larger than this, in bytes, when packed. */
export function packRun(directory: string, maxBytes: number): Buffer | null {
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const sizeBytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  if (sizeBytes > maxBytes * RATIO_MAX) return null;
  const files: Record<string, Uint8Array> = {};
  for (const path of paths) {
    files[relative(directory, path).replaceAll(sep, '/')] = readFileSync(path);
  }
  const zip = zipSync(files);
  return zip.length > maxBytes ? null : Buffer.from(zip.buffer, zip.byteOffset, zip.length);
}

/** The directory is there when it is whole. @throws HarnessError `io` */
export function unpackRun(zip: Uint8Array, directory: string): void {
  const partial = `${directory}.partial`;
  try {
    rmSync(partial, { recursive: true, force: true });
    for (const [name, bytes] of Object.entries(unzipSync(zip))) {
      const path = resolve(partial, name);
      if (!path.startsWith(resolve(partial) + sep)) throw new Error(`${name} is outside of the run`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
    rmSync(directory, { recursive: true, force: true });
    renameSync(partial, directory);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw HarnessError.from(error, 'io', `cannot write ${directory}`);
  }
}
