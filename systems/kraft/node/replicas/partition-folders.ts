/**
 * The folders of partitions: `<topic>-<partition>`, each with a file that says which topic of that name it belongs to.
 *
 *     await prepareFolder(files, 'orders-0', topicId);  // made, or known to be of this very topic
 *     await retireFolder(files, 'orders-0', topicId);   // renamed, then removed: never half a log under its name
 *
 *     partition.metadata := 'version: 0\ntopic_id: ' uuid '\n'        as Kafka's
 */
import type { Files } from '../../../runtime/runtime.ts';
import { METADATA_DIRECTORY } from '../../internal-topics.ts';
import {
  joinPath,
  makeIfAbsent,
  placeFile,
  readIfPresent,
  removeIfPresent,
} from '../../log/durable-files.ts';

const METADATA_FILE = 'partition.metadata';
const RETIRED = '-delete';
const RETIRED_FOLDER = /\.[\w-]{22}-delete$/;
const FOLDER = /^(.+)-(\d{1,10})$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const folderOf = (topic: string, index: number): string => `${topic}-${index}`;

/** A file of a partition's folder contradicts it: the broker must not start with it. */
export class PartitionFolderError extends Error {
  override readonly name = 'PartitionFolderError';
}

/** Null where the folder does not say. @throws PartitionFolderError for a damaged file */
export async function topicIdOf(files: Files, folder: string): Promise<string | null> {
  const path = joinPath(folder, METADATA_FILE);
  const bytes = await readIfPresent(files, path);
  if (bytes === null) return null;
  const found = /^version: 0\ntopic_id: ([\w-]{22})\n$/.exec(decoder.decode(bytes));
  if (found === null) {
    throw new PartitionFolderError(`${path} is corrupt: restore it, or remove the folder ${folder}`);
  }
  return found[1] as string;
}

/** Makes the folder, if need be in the place of another topic's. Its own name, and the file's, are durable when its log is opened. */
export async function prepareFolder(files: Files, folder: string, topicId: string): Promise<void> {
  if (!(await makeIfAbsent(files, folder))) {
    const owner = await topicIdOf(files, folder);
    if (owner === topicId) return;
    if (owner === null) {
      await refuseContent(files, folder);
      await removeFolder(files, folder);
    } else await retireFolder(files, folder, owner);
    await files.makeDirectory(folder);
  }
  const bytes = encoder.encode(`version: 0\ntopic_id: ${topicId}\n`);
  await placeFile(files, joinPath(folder, METADATA_FILE), bytes);
}

/** The file is durable before there is anything else: without it there is only what was being made. */
async function refuseContent(files: Files, folder: string): Promise<void> {
  const names = (await files.list(folder)).filter((name) => !name.startsWith(METADATA_FILE));
  if (names.length === 0) return;
  const path = joinPath(folder, METADATA_FILE);
  throw new PartitionFolderError(
    `${path} is missing, and the folder has ${names.join(', ')}: restore it, or remove the folder`,
  );
}

/** Nothing of the name is left when it resolves, also after a power loss. */
export async function retireFolder(files: Files, folder: string, topicId: string): Promise<void> {
  if (!(await files.exists(folder))) return;
  const retired = `${folder}.${topicId}${RETIRED}`;
  if (await files.exists(retired)) await removeFolder(files, retired);
  await files.rename(folder, retired);
  await files.syncDirectory('');
  await removeFolder(files, retired);
}

async function removeFolder(files: Files, folder: string): Promise<void> {
  for (const name of await files.list(folder)) await removeIfPresent(files, joinPath(folder, name));
  await files.remove(folder);
}

/** Removes what was being removed, and says which partitions there are. */
export async function scanFolders(
  files: Files,
): Promise<{ readonly topic: string; readonly index: number }[]> {
  const partitions: { topic: string; index: number }[] = [];
  for (const name of await files.list('')) {
    // The quorum's own log lies beside the partitions' where there is one log directory.
    if (name === METADATA_DIRECTORY) continue;
    if (RETIRED_FOLDER.test(name)) {
      await removeFolder(files, name);
      continue;
    }
    const [, topic, index] = FOLDER.exec(name) ?? [];
    if (topic === undefined || !(await files.exists(joinPath(name, METADATA_FILE)))) continue;
    partitions.push({ topic, index: Number(index) });
  }
  return partitions;
}
