/**
 * Small files that are written whole, and know when they are damaged.
 *
 *     await replaceFile(files, 't-0', 'leader-epoch-checkpoint', sealText('…'));
 *     unsealText(await files.readAll('t-0/leader-epoch-checkpoint')); // '…', or null where it is damaged
 *
 * Each is a first line with the CRC-32C of the rest. A power loss leaves the old content or the new, never a mixture.
 */
import { FileError, type Files } from '../../runtime/runtime.ts';
import { crc32c } from '../records/crc32c.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const CRC_DIGITS = 8;
const NEWLINE = 0x0a;

export const joinPath = (directory: string, name: string): string =>
  directory === '' ? name : `${directory}/${name}`;

const temporaryOf = (path: string): string => `${path}.tmp`;

const hexOf = (bytes: Uint8Array): string => crc32c(bytes).toString(16).padStart(CRC_DIGITS, '0');

export function sealText(text: string): Uint8Array {
  return encoder.encode(`${hexOf(encoder.encode(text))}\n${text}`);
}

/** Null where the checksum does not match. */
export function unsealText(bytes: Uint8Array): string | null {
  if (bytes[CRC_DIGITS] !== NEWLINE) return null;
  const content = bytes.subarray(CRC_DIGITS + 1);
  return decoder.decode(bytes.subarray(0, CRC_DIGITS)) === hexOf(content) ? decoder.decode(content) : null;
}

/** Durable when it resolves. One at a time for a name. */
export async function replaceFile(
  files: Files,
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  await removeIfPresent(files, temporaryOf(joinPath(directory, name)));
  await placeFile(files, joinPath(directory, name), bytes);
  await files.syncDirectory(directory);
}

/** Its content is durable when it resolves; its name only when its directory is. Nobody has begun to before. */
export async function placeFile(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryOf(path);
  const file = await files.open(temporary, { create: true });
  await file.append(bytes);
  await file.sync();
  await file.close();
  await files.rename(temporary, path);
}

/** Makes a directory whose parent is there. @returns whether it was not there before */
export async function makeIfAbsent(files: Files, directory: string): Promise<boolean> {
  try {
    await files.makeDirectory(directory);
    return true;
  } catch (error) {
    if (error instanceof FileError && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The names in a directory, which is made if need be. */
export async function listOrMake(files: Files, directory: string): Promise<string[]> {
  try {
    return await files.list(directory);
  } catch (error) {
    if (!(error instanceof FileError && error.code === 'ENOENT')) throw error;
    await files.makeDirectory(directory);
    return [];
  }
}

/** Null where there is no such file. */
export async function readIfPresent(files: Files, path: string): Promise<Uint8Array | null> {
  return (await files.exists(path)) ? files.readAll(path) : null;
}

export async function removeIfPresent(files: Files, path: string): Promise<void> {
  if (await files.exists(path)) await files.remove(path);
}
