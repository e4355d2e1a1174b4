/**
 * Tar archives, as Docker takes and gives them: what images are made of, what is copied out of a container.
 *
 *     writeTar([{ path: 'etc/hosts', kind: 'file', content: Buffer.from('127.0.0.1 localhost\n') }])
 *     [...readTar(bytes)]   // [{ path: 'etc/hosts', kind: 'file', … }]
 *
 * Archives are held in memory: logs of a run and the files of a small image, not backups. Writing knows files, folders and
 * symbolic links; reading leaves out all else. The format is POSIX.1-1988 ustar, with GNU's records for long names.
 */
import { Buffer } from 'node:buffer';
import { HarnessError } from '../../errors.ts';

export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly content: Buffer; readonly mode?: number }
  | { readonly kind: 'folder'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;
const TYPE = { file: '0', link: '2', folder: '5', longName: 'L', longTarget: 'K', oldFile: '\0' } as const;

/** One archive after the other entry: chunks to be streamed, so that a large image needs no second copy in memory. */
export function* writeTar(entries: Iterable<TarEntry>): Generator<Buffer> {
  for (const entry of entries) {
    const path = entry.kind === 'folder' ? `${entry.path}/` : entry.path;
    if (Buffer.byteLength(path) > NAME_BYTES_MAX) yield* longRecord(TYPE.longName, path);
    if (entry.kind === 'link' && Buffer.byteLength(entry.target) > NAME_BYTES_MAX) {
      yield* longRecord(TYPE.longTarget, entry.target);
    }
    yield header(path, TYPE[entry.kind], {
      mode: entry.kind === 'link' ? 0o777 : (entry.mode ?? (entry.kind === 'folder' ? 0o755 : 0o644)),
      sizeBytes: entry.kind === 'file' ? entry.content.length : 0,
      target: entry.kind === 'link' ? entry.target : '',
    });
    if (entry.kind === 'file') yield* padded(entry.content);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function* longRecord(type: string, text: string): Generator<Buffer> {
  const content = Buffer.from(`${text}\0`);
  yield header('././@LongLink', type, { mode: 0o644, sizeBytes: content.length, target: '' });
  yield* padded(content);
}

function* padded(content: Buffer): Generator<Buffer> {
  yield content;
  const rest = content.length % BLOCK_BYTES;
  if (rest > 0) yield Buffer.alloc(BLOCK_BYTES - rest);
}

function header(
  path: string,
  type: string,
  { mode, sizeBytes, target }: { mode: number; sizeBytes: number; target: string },
): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, offset: number, lengthBytes: number): void => {
    block.write(`${value.toString(8).padStart(lengthBytes - 1, '0')}\0`, offset, 'latin1');
  };
  block.write(path, 0, NAME_BYTES_MAX);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(sizeBytes, 124, 12);
  // No date: the same files make the same image.
  octal(0, 136, 12);
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write(target, 157, NAME_BYTES_MAX);
  block.write('ustar\u000000', 257, 'latin1');
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** @throws HarnessError `bad-format` for what is no archive, or ends in the middle */
export function* readTar(archive: Buffer): Generator<TarEntry> {
  let longName: string | null = null;
  let longTarget: string | null = null;
  for (let offset = 0; offset + BLOCK_BYTES <= archive.length;) {
    const block = archive.subarray(offset, offset + BLOCK_BYTES);
    offset += BLOCK_BYTES;
    if (block.every((byte) => byte === 0)) return;
    const sizeBytes = numberOf(block, 124, 12);
    if (offset + sizeBytes > archive.length) throw new HarnessError('bad-format', 'the archive is cut off');
    const content = archive.subarray(offset, offset + sizeBytes);
    offset += Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
    const type = block.toString('latin1', 156, 157);
    if (type === TYPE.longName) longName = textOf(content, 0, content.length);
    else if (type === TYPE.longTarget) longTarget = textOf(content, 0, content.length);
    else if (type === 'x' || type === 'g') longName = paxPath(content) ?? longName;
    else {
      const prefix = block.toString('latin1', 257, 262) === 'ustar' ? textOf(block, 345, 155) : '';
      const short = textOf(block, 0, NAME_BYTES_MAX);
      const path = (longName ?? (prefix === '' ? short : `${prefix}/${short}`)).replace(/\/$/, '');
      const mode = numberOf(block, 100, 8);
      if (type === TYPE.file || type === TYPE.oldFile) yield { kind: 'file', path, content, mode };
      else if (type === TYPE.folder) yield { kind: 'folder', path, mode };
      else if (type === TYPE.link) {
        yield { kind: 'link', path, target: longTarget ?? textOf(block, 157, NAME_BYTES_MAX) };
      }
      longName = null;
      longTarget = null;
    }
  }
  throw new HarnessError('bad-format', 'the archive is cut off');
}

/** Octal text, or GNU's binary for what is too long for that (the first bit says so). */
function numberOf(block: Buffer, offset: number, lengthBytes: number): number {
  const first = block[offset] ?? 0;
  if ((first & 0x80) !== 0) return block.readUIntBE(offset + lengthBytes - 6, 6);
  const text = textOf(block, offset, lengthBytes).trim();
  const value = text === '' ? 0 : Number.parseInt(text, 8);
  if (!Number.isSafeInteger(value)) throw new HarnessError('bad-format', 'this is no tar archive');
  return value;
}

function textOf(bytes: Buffer, offset: number, lengthBytes: number): string {
  const end = bytes.indexOf(0, offset);
  return bytes.toString(
    'utf8',
    offset,
    end === -1 ? offset + lengthBytes : Math.min(end, offset + lengthBytes),
  );
}

/** POSIX.1-2001: lines of `length key=value`. Go's writer, hence Docker, uses them for long and odd names. */
function paxPath(content: Buffer): string | null {
  return /\d+ path=(.*)\n/.exec(content.toString('utf8'))?.[1] ?? null;
}
