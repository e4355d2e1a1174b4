/**
 * The file `quorum-state`: epoch, leader and vote of this node, as Kafka writes it (KIP-595; `data_version` 1 since KIP-853).
 *
 *     {"leaderId":2,"leaderEpoch":7,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}
 *
 * A file that cannot be read refuses the start: a node that forgot its vote could vote twice.
 */
import type { Files } from '../../../runtime/runtime.ts';
import { joinPath, readIfPresent, replaceFile } from '../../log/durable-files.ts';
import type { QuorumStateData } from '../../quorum/effects.ts';
import { uuidToBytes, ZERO_UUID } from '../../wire/uuid.ts';

export const QUORUM_STATE_FILE = 'quorum-state';
const DATA_VERSION = 1;
const INT32_MAX = 2 ** 31 - 1;

const NO_QUORUM_STATE: QuorumStateData = {
  leaderId: -1,
  leaderEpoch: 0,
  votedId: -1,
  votedDirectoryId: null,
};

/** What this node voted, or the log that it voted with, is not there any more: it must not take part as if it had never been. */
export class QuorumStateError extends Error {
  override readonly name = 'QuorumStateError';

  constructor(path: string, what: string) {
    super(
      `${path} ${what}; restore it, or empty the whole log directory and format it anew, ` +
        'so that this node comes back as one that never voted',
    );
  }
}

export function encodeQuorumState(state: QuorumStateData): Uint8Array {
  const { leaderId, leaderEpoch, votedId, votedDirectoryId } = state;
  return new TextEncoder().encode(
    JSON.stringify({
      leaderId,
      leaderEpoch,
      votedId,
      votedDirectoryId: votedDirectoryId ?? ZERO_UUID,
      data_version: DATA_VERSION,
    }),
  );
}

/** @throws QuorumStateError */
export function decodeQuorumState(bytes: Uint8Array, path: string): QuorumStateData {
  const wrong = (what: string): QuorumStateError => new QuorumStateError(path, `is corrupt: ${what}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw wrong('it is not JSON');
  }
  if (typeof json !== 'object' || json === null) throw wrong('it is not an object');
  const fields = json as { readonly [name: string]: unknown };
  const version = fields['data_version'];
  if (version !== 0 && version !== DATA_VERSION) throw wrong(`data_version ${JSON.stringify(version)}`);
  const read = (name: string, min: number): number => {
    const value = fields[name];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > INT32_MAX) {
      throw wrong(`${name} is ${JSON.stringify(value)}`);
    }
    return value;
  };
  const directoryId = fields['votedDirectoryId'] ?? ZERO_UUID;
  if (typeof directoryId !== 'string' || uuidToBytes(directoryId) === null) {
    throw wrong(`votedDirectoryId is ${JSON.stringify(directoryId)}`);
  }
  return {
    leaderId: read('leaderId', -1),
    leaderEpoch: read('leaderEpoch', 0),
    votedId: read('votedId', -1),
    votedDirectoryId: directoryId === ZERO_UUID ? null : directoryId,
  };
}

/**
 * A node that never had one begins in epoch 0.
 *
 * @param logEndOffset - of the log beside it: who has records was in an epoch, and the file was durable before them
 * @throws QuorumStateError
 */
export async function readQuorumState(
  files: Files,
  directory: string,
  logEndOffset: number,
): Promise<QuorumStateData> {
  const path = joinPath(directory, QUORUM_STATE_FILE);
  const bytes = await readIfPresent(files, path);
  if (bytes !== null) return decodeQuorumState(bytes, path);
  if (logEndOffset === 0) return NO_QUORUM_STATE;
  throw new QuorumStateError(path, `is missing, and the log beside it ends at offset ${logEndOffset}`);
}

/** Durable when it resolves. One at a time. */
export const writeQuorumState = (files: Files, directory: string, state: QuorumStateData): Promise<void> =>
  replaceFile(files, directory, QUORUM_STATE_FILE, encodeQuorumState(state));
