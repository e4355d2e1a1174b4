/**
 * The error codes that the quorum answers with, by Kafka's numbers.
 *
 *     ERROR.fencedLeaderEpoch // 74: the request is of an epoch that is over
 */
export const ERROR = {
  unknownServerError: -1,
  none: 0,
  notLeaderOrFollower: 6,
  requestTimedOut: 7,
  brokerNotAvailable: 8,
  unsupportedVersion: 35,
  invalidRequest: 42,
  fencedLeaderEpoch: 74,
  unknownLeaderEpoch: 76,
  snapshotNotFound: 98,
  positionOutOfRange: 99,
  inconsistentClusterId: 104,
  invalidVoterKey: 125,
  duplicateVoter: 126,
  voterNotFound: 127,
} as const;

export type ErrorCode = (typeof ERROR)[keyof typeof ERROR];

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ERROR).map(([name, code]) => [
    code,
    name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(),
  ]),
);

/** `FENCED_LEADER_EPOCH`, as Kafka writes it; the number where it is none of ours. */
export const errorName = (code: number): string => NAMES.get(code) ?? String(code);
