/**
 * A run as one file, made while it is sent: nothing is kept in memory but a piece of one of its files.
 *
 *     unzip raft-register-20261121T205103Z-7.zip && shaketable check raft-register-20261121T205103Z-7
 */
import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Zip, ZipDeflate } from 'fflate';
import { HarnessError } from '../../harness/errors.ts';
import { beginStream } from './responses.ts';
import { filesOf, type RunFile } from './run-details.ts';

const PIECE_BYTES = 1 << 16;
/** What the format can say without extensions that not everybody reads. */
const ZIP_BYTES_MAX = 0xffff_0000;
/** The format knows no earlier and no later time. */
const [EARLIEST_MS, LATEST_MS] = [Date.UTC(1981), Date.UTC(2099)];

/**
 * @param path - of the run, from the results folder
 * @throws HarnessError `usage` before anything is sent, where it is too large
 */
export async function sendZip(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  directory: string,
): Promise<void> {
  const name =
    path
      .split('/')
      .slice(-2)
      .join('-')
      .replace(/[^\w.-]+/g, '-') || 'run';
  const files = filesOf(directory);
  if (files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > ZIP_BYTES_MAX) {
    throw new HarnessError(
      'usage',
      `${path} is larger than a zip file can be: copy its folder, ${directory}`,
    );
  }
  beginStream(response, {
    'Content-Type': 'application/zip',
    'Content-Disposition': `attachment; filename="${name}.zip"`,
  });
  if (request.method === 'HEAD') response.end();
  else await writeZip(response, name, directory, files);
}

async function writeZip(
  response: ServerResponse,
  name: string,
  directory: string,
  files: readonly RunFile[],
): Promise<void> {
  let isFull = false;
  const zip = new Zip((error, bytes) => {
    if (error !== null) throw error;
    isFull = !response.write(bytes) || isFull;
  });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  for (const { name: file } of files) {
    if (response.destroyed) return;
    const path = join(directory, file);
    const { size, mtimeMs } = statSync(path);
    const entry = new ZipDeflate(`${name}/${file}`, { level: 6 });
    entry.mtime = Math.min(Math.max(mtimeMs, EARLIEST_MS), LATEST_MS);
    zip.add(entry);
    // What a run in progress writes meanwhile is left for the next time.
    const pieces = size === 0 ? [] : createReadStream(path, { highWaterMark: PIECE_BYTES, end: size - 1 });
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      entry.push(piece);
      if (isFull && !response.destroyed) await once(response, 'drain', { signal: gone.signal });
      isFull = false;
    }
    entry.push(new Uint8Array(), true);
  }
  zip.end();
  response.end();
}
