/**
 * Copies log files of a node out of Docker: through its sandbox, which is there whatever became of the node, and which mounts the
 * node's data.
 *
 *     await collectFiles(sandbox.container, '/data', ['logs/server.log'], 'results/runs/…/nodes/n1');
 *
 * Files keep their path below the data folder. A folder is copied with all that is in it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type Dockerode from 'dockerode';
import { HarnessError } from '../../errors.ts';
import { statusOf } from './engine-error.ts';
import { readTar } from './tar.ts';

/** Of one file or folder: it is held in memory. */
const ARCHIVE_BYTES_MAX = 512 * 2 ** 20;

/** @throws what Docker says, except that a file is missing */
export async function collectFiles(
  container: Dockerode.Container,
  dataDirectory: string,
  files: readonly string[],
  target: string,
): Promise<void> {
  for (const file of files) {
    let stream: NodeJS.ReadableStream;
    try {
      stream = await container.getArchive({ path: join(dataDirectory, file) });
    } catch (thrown) {
      if (statusOf(thrown) === 404) continue;
      throw thrown;
    }
    // Paths in the archive begin with the last part of what was asked for.
    const parent = join(target, dirname(file));
    for (const entry of readTar(await bytesOf(stream, file))) {
      if (entry.kind !== 'file' || entry.path.split('/').includes('..')) continue;
      const path = join(parent, entry.path);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, entry.content);
    }
  }
}

async function bytesOf(stream: NodeJS.ReadableStream, file: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    const bytes = chunk as unknown as Buffer;
    sizeBytes += bytes.length;
    if (sizeBytes > ARCHIVE_BYTES_MAX) {
      throw new HarnessError(
        'io',
        `${file} is larger than ${ARCHIVE_BYTES_MAX / 2 ** 20} MiB and was not copied`,
      );
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
