/**
 * What `kraft storage format` does: writes `meta.properties` into each directory of a node, which is then that node's, and before it
 * the voters that the cluster begins with, if any are named, into that of the metadata.
 *
 *     await formatStorage({ values, clusterId, initialVoters: [], isFormattedIgnored: false, say: (line) => output.print(line) });
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
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { HarnessError, messageOf } from '../../../harness/errors.ts';
import { randomStream } from '../../../harness/random.ts';
import { RealFiles } from '../../runtime/real/real-files.ts';
import { METADATA_DIRECTORY } from '../internal-topics.ts';
import { formatMetaProperties, META_PROPERTIES, parseMetaProperties } from '../node/meta-properties.ts';
import type { MetaProperties } from '../node/meta-properties.ts';
import type { PropertyValues } from '../node/property-table.ts';
import { writeFormattedVoters } from '../node/quorum/formatted-voters.ts';
import { randomUuid } from '../node/random-uuid.ts';
import type { Voter } from '../quorum/messages.ts';
import { allDirectories, metadataDirectory } from './configuration.ts';
import { machineError, usageError } from './exit-codes.ts';

/** Kafka's name of the feature level that our controllers begin with. */
export const METADATA_VERSION_NAME = '4.0-IV3';

export interface FormatRequest {
  readonly values: PropertyValues;
  readonly clusterId: string;
  /** Of dynamic voters, those that the cluster begins with (KIP-853); empty: none are named here. */
  readonly initialVoters: readonly Voter[];
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
export async function formatStorage(request: FormatRequest): Promise<void> {
  const { values, clusterId, initialVoters, isFormattedIgnored, say } = request;
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
  const ofMetadata = metadataDirectory(values);
  if (initialVoters.length > 0 && fresh.includes(ofMetadata)) checkNoLog(ofMetadata);
  const own = initialVoters.find(({ voterId }) => voterId === nodeId);
  for (const directory of fresh) {
    const isOfMetadata = directory === ofMetadata;
    const what = isOfMetadata ? describeMetadata(initialVoters, own) : 'data directory';
    say(`Formatting ${what} ${directory} with metadata.version ${METADATA_VERSION_NAME}.`);
    const directoryId = (isOfMetadata ? own?.voterDirectoryId : null) ?? newUuid();
    try {
      makeDirectory(directory);
      if (isOfMetadata && initialVoters.length > 0)
        await writeFormattedVoters(new RealFiles(directory), initialVoters, Date.now());
      writeMetaProperties(directory, formatMetaProperties({ clusterId, nodeId, directoryId }));
    } catch (error) {
      throw machineError(`${directory} cannot be formatted: ${messageOf(error)}`);
    }
  }
}

function describeMetadata(initialVoters: readonly Voter[], own: Voter | undefined): string {
  if (initialVoters.length === 0) return 'metadata directory';
  return own === undefined ? 'dynamic metadata directory' : 'dynamic metadata voter directory';
}

/** Other voters than those of a log that is there would make of it what it is not. */
function checkNoLog(directory: string): void {
  const folder = join(directory, METADATA_DIRECTORY);
  if (!existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith('.log'))) return;
  throw usageError(`${folder} has a log already: its voters are not to be changed here; move it away first`);
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

function makeDirectory(directory: string): void {
  const isNew = !existsSync(directory);
  mkdirSync(directory, { recursive: true });
  if (isNew) syncDirectory(dirname(directory));
}

function writeMetaProperties(directory: string, text: string): void {
  const file = join(directory, META_PROPERTIES);
  const part = openSync(`${file}.part`, 'w');
  try {
    writeSync(part, text);
    fsyncSync(part);
  } finally {
    closeSync(part);
  }
  renameSync(`${file}.part`, file);
  syncDirectory(directory);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
