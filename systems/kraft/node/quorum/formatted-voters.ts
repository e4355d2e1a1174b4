/**
 * The voters that a cluster begins with (KIP-853): in a snapshot of nothing, which is on the disk before the first boot.
 *
 *     await writeFormattedVoters(files, voters, wallMs);
 *     // __cluster_metadata-0/00000000000000000000-0000000000.checkpoint := kraft.version 1, and the voters
 *
 * The first leader writes them into its log; who joins later needs no such file.
 */
import type { Files } from '../../../runtime/runtime.ts';
import { METADATA_DIRECTORY } from '../../internal-topics.ts';
import { makeIfAbsent } from '../../log/durable-files.ts';
import { SnapshotStore } from '../../log/snapshot-store.ts';
import type { Voter } from '../../quorum/messages.ts';
import { MetadataSnapshots } from './metadata-snapshots.ts';

/** Voters are in the log, and one may be added or removed. */
const DYNAMIC_VOTERS = 1;

/** Durable when it resolves. @param timestampMs - whole milliseconds since 1970 */
export async function writeFormattedVoters(
  files: Files,
  voters: readonly Voter[],
  timestampMs: number,
): Promise<void> {
  await makeIfAbsent(files, METADATA_DIRECTORY);
  const snapshots = new MetadataSnapshots(await SnapshotStore.open(files, METADATA_DIRECTORY), []);
  const snapshotId = { endOffset: 0, epoch: 0 };
  await snapshots.take({ snapshotId, kraftVersion: DYNAMIC_VOTERS, voters }, [], timestampMs);
  await files.syncDirectory('');
}
