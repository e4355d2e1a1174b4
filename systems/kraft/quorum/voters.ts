/**
 * Who votes. A voter is an id and the directory on its disk (KIP-853): a node that came back with an empty disk is not the
 * voter that it was. A set changes by one voter at a time, and counts from the moment that its record is in the log.
 *
 *     const history = new VoterHistory(0, [voter(1), voter(2), voter(3)]);
 *     history.add(17, four);        // a Voters record at offset 17
 *     history.latest.length         // 4
 *     history.truncateTo(17);       // 3 again
 */
import { assert } from '../../../harness/errors.ts';
import type { ControlRecord, ReplicaKey, Voter } from './messages.ts';

/** Whether `other` is the replica that `known` names: one that names no directory names any of that node. */
export const sameReplica = (known: ReplicaKey, other: ReplicaKey): boolean =>
  known.id === other.id && (known.directoryId === null || known.directoryId === other.directoryId);

export const keyOf = (voter: Voter): ReplicaKey => ({
  id: voter.voterId,
  directoryId: voter.voterDirectoryId,
});

export const findVoter = (voters: readonly Voter[], key: ReplicaKey): Voter | undefined =>
  voters.find((voter) => sameReplica(keyOf(voter), key));

export const majorityOf = (count: number): number => Math.floor(count / 2) + 1;

export const withVoter = (voters: readonly Voter[], added: Voter): readonly Voter[] =>
  [...voters, added].sort((a, b) => a.voterId - b.voterId);

export const withoutVoter = (voters: readonly Voter[], removed: ReplicaKey): readonly Voter[] =>
  voters.filter((voter) => !sameReplica(keyOf(voter), removed));

interface HistoryEntry {
  /** Of the record; -1 of the set that a node is configured with or that a snapshot brought. */
  readonly offset: number;
  readonly kraftVersion: number;
  readonly voters: readonly Voter[];
}

/** Every voter set that the log holds, since records that are not committed may go again. */
export class VoterHistory {
  private entries: HistoryEntry[];

  constructor(kraftVersion: number, voters: readonly Voter[]) {
    this.entries = [{ offset: -1, kraftVersion, voters }];
  }

  private get last(): HistoryEntry {
    return this.entries[this.entries.length - 1] as HistoryEntry;
  }

  get latest(): readonly Voter[] {
    return this.last.voters;
  }

  /** Of the latest record; -1 where the set comes from the configuration or from a snapshot. */
  get latestOffset(): number {
    return this.last.offset;
  }

  get kraftVersion(): number {
    return this.last.kraftVersion;
  }

  /** @returns whether the voters changed */
  readControl(record: ControlRecord, offset: number): boolean {
    if (record.type === 'leader-change') return false;
    assert(offset > this.last.offset, `voter records out of order: ${offset} after ${this.last.offset}`);
    const { kraftVersion, voters } = this.last;
    if (record.type === 'kraft-version') {
      this.entries.push({ offset, kraftVersion: record.kRaftVersion, voters });
      return false;
    }
    this.entries.push({ offset, kraftVersion, voters: record.voters });
    return true;
  }

  /** How many records of voters there are at or after this offset. */
  changesFrom(offset: number): number {
    return this.entries.filter(
      (entry, i) => entry.offset >= offset && entry.voters !== this.entries[i - 1]?.voters,
    ).length;
  }

  /** The records at or after this offset are gone. @returns whether the voters changed */
  truncateTo(endOffset: number): boolean {
    const before = this.last;
    this.entries = this.entries.filter((entry, i) => i === 0 || entry.offset < endOffset);
    return this.last.voters !== before.voters;
  }

  /** What counted for a log that ended there: what a snapshot of it must say. */
  at(endOffset: number): { readonly kraftVersion: number; readonly voters: readonly Voter[] } {
    let found = this.entries[0] as HistoryEntry;
    for (const entry of this.entries) if (entry.offset < endOffset) found = entry;
    return found;
  }

  /** A snapshot brought this set; what the log said before it is forgotten. */
  reset(kraftVersion: number, voters: readonly Voter[]): void {
    this.entries = [{ offset: -1, kraftVersion, voters }];
  }
}
