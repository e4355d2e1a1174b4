/**
 * What `kraft storage format` does: writes `meta.properties` into each directory of a node, which is then that node's.
 *
 *     formatStorage({ values, clusterId, isFormattedIgnored: false, say: (line) => output.print(line) });
 *
 * All directories are looked at before the first is touched. The file appears whole or not at all, and durably.
 */
import { randomInt } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { HarnessError } from '../../../harness/errors.ts';
import { randomStream } from '../../../harness/random.ts';
import { formatMetaProperties, META_PROPERTIES, parseMetaProperties } from '../node/meta-properties.ts';
import type { MetaProperties } from '../node/meta-properties.ts';
import type { PropertyValues } from '../node/property-table.ts';
import { randomUuid } from '../node/random-uuid.ts';
import { allDirectories } from './configuration.ts';
import { machineError, usageError } from './exit-codes.ts';

/** Kafka's name of the feature level that our controllers begin with. */
export const METADATA_VERSION_NAME = '4.0-IV3';

export interface FormatRequest {
  readonly values: PropertyValues;
  readonly clusterId: string;
  /** Leaves directories alone that are this node's already. */
  readonly isFormattedIgnored: boolean;
  readonly say: (line: string) => void;
}

/** From the operating system's own random numbers. */
export function newUuid(): string {
  return randomUuid({ ...randomStream(0, 'uuid'), uint32: () => randomInt(2 ** 32) });
}

/** Null where there is none. @throws HarnessError for one that cannot be read or understood */
export function readMetaProperties(directory: string): MetaProperties | null {
  const text = metaPropertiesText(directory);
  return text === null ? null : parseMetaProperties(text, join(directory, META_PROPERTIES));
}

export function metaPropertiesText(directory: string): string | null {
  try {
    return readFileSync(join(directory, META_PROPERTIES), 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code === 'ENOTDIR') throw usageError(`${directory}: it is no directory`);
    throw machineError(message);
  }
}

/** @throws HarnessError when nothing was done, but for `io`: then directories before the one that it names are formatted */
export function formatStorage({ values, clusterId, isFormattedIgnored, say }: FormatRequest): void {
  const nodeId = values['node.id'];
  const directories = allDirectories(values);
  const formatted = directories.filter((directory) => {
    const meta = readMetaProperties(directory);
    if (meta !== null) checkSame(meta, { clusterId, nodeId }, join(directory, META_PROPERTIES));
    return meta !== null;
  });
  if (formatted.length > 0 && !isFormattedIgnored) {
    throw usageError(
      `Log directory ${formatted[0] as string} is already formatted. ` +
        'Use --ignore-formatted to ignore this directory and format the others.',
    );
  }
  const fresh = directories.filter((directory) => !formatted.includes(directory));
  if (fresh.length === 0) say('All of the log directories are already formatted.');
  for (const directory of fresh) {
    say(`Formatting ${directory} with metadata.version ${METADATA_VERSION_NAME}.`);
    writeMetaProperties(directory, formatMetaProperties({ clusterId, nodeId, directoryId: newUuid() }));
  }
}

function checkSame(
  meta: MetaProperties,
  wanted: { readonly clusterId: string; readonly nodeId: number },
  file: string,
): void {
  if (meta.clusterId !== wanted.clusterId) {
    throw new HarnessError(
      'usage',
      `Invalid cluster.id in: ${file}. Expected ${wanted.clusterId}, but read ${meta.clusterId}: ` +
        'the directory is formatted for another cluster; name another in log.dirs, or move what is there away',
    );
  }
  if (meta.nodeId !== wanted.nodeId) {
    throw new HarnessError(
      'usage',
      `Invalid node.id in: ${file}. Expected ${wanted.nodeId}, but read ${meta.nodeId}: ` +
        'the directory is formatted for another node; correct node.id, or name another in log.dirs',
    );
  }
}

function writeMetaProperties(directory: string, text: string): void {
  const file = join(directory, META_PROPERTIES);
  try {
    const isNew = !existsSync(directory);
    mkdirSync(directory, { recursive: true });
    const part = openSync(`${file}.part`, 'w');
    try {
      writeSync(part, text);
      fsyncSync(part);
    } finally {
      closeSync(part);
    }
    renameSync(`${file}.part`, file);
    syncDirectory(directory);
    if (isNew) syncDirectory(dirname(directory));
  } catch (error) {
    throw machineError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
