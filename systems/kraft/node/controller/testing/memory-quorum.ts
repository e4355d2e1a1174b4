/**
 * A quorum in memory, for tests of the controller: one log, some nodes, and a test that says who leads.
 *
 *     const quorum = new MemoryQuorum({ commitDelayMs: 5 });
 *     const one = quorum.join(runtime, 1, () => driver);
 *     quorum.elect(1);                    // appends a control record; when that is committed, node 1 may act
 *     quorum.isHeld = true;               // nothing is committed
 *     quorum.elect(2, { kept: 1 });       // of what was not committed, the first batch survives
 */
import { msToNs } from '../../../../../harness/units.ts';
import type { Runtime } from '../../../../runtime/runtime.ts';
import type { MetadataRecord } from '../../../controller/metadata-records.ts';
import type { QuorumStatus } from '../../../quorum/core.ts';
import type { MetadataListener, Quorum } from '../../parts.ts';

interface Batch {
  readonly baseOffset: number;
  /** Null: one control record. */
  readonly records: readonly MetadataRecord[] | null;
}

interface Member {
  readonly id: number;
  readonly runtime: Runtime;
  readonly listener: () => MetadataListener;
  /** How many batches it was told. */
  told: number;
  mayActSince: number;
}

export class MemoryQuorum {
  isHeld = false;
  epoch = 0;
  /** How far from where they are it says that records are: it is broken. */
  shift = 0;
  leaderId: number | null = null;
  readonly log: Batch[] = [];
  private readonly commitDelayMs: number;
  private readonly members: Member[] = [];
  private committedBatches = 0;

  constructor({ commitDelayMs }: { readonly commitDelayMs: number }) {
    this.commitDelayMs = commitDelayMs;
  }

  get endOffset(): number {
    const last = this.log.at(-1);
    return last === undefined ? 0 : last.baseOffset + (last.records?.length ?? 1);
  }

  /** Of the metadata that is committed. */
  get records(): MetadataRecord[] {
    return this.log.slice(0, this.committedBatches).flatMap(({ records }) => records ?? []);
  }

  join(runtime: Runtime, id: number, listener: () => MetadataListener): Quorum {
    this.members.push({ id, runtime, listener, told: 0, mayActSince: 0 });
    return {
      handlers: {},
      append: (records) => (this.leaderId === id ? { baseOffset: this.append(records) + this.shift } : null),
      status: () => this.status(id),
      controllerAddress: (nodeId) => ({ host: `n${nodeId}`, port: 9093 }),
      invariants: () => {},
      close: () => Promise.resolve(),
    };
  }

  /** @param kept - how many batches that are not committed the new leader has */
  elect(id: number, { kept = 0 }: { readonly kept?: number } = {}): void {
    this.depose();
    this.log.splice(this.committedBatches + kept);
    this.epoch++;
    this.leaderId = id;
    for (const { listener } of this.members) listener().leader(id, this.epoch);
    this.appendControl();
  }

  depose(): void {
    const leader = this.members.find(({ id }) => id === this.leaderId);
    this.leaderId = null;
    leader?.listener().lost();
  }

  /** The quorum stops to take records, and the controller does not know it yet. */
  deposeSilently(): void {
    this.leaderId = null;
  }

  /** As a change of voters does. */
  appendControl(): void {
    this.append(null);
  }

  /** Commits what is in the log. */
  commit(): void {
    this.committedBatches = this.log.length;
    for (const member of this.members) member.runtime.setTimer(0, () => this.tell(member));
  }

  private append(records: readonly MetadataRecord[] | null): number {
    const baseOffset = this.endOffset;
    this.log.push({ baseOffset, records });
    const { epoch } = this;
    const clock = (this.members[0] as Member).runtime;
    clock.setTimer(msToNs(this.commitDelayMs), () => {
      if (!this.isHeld && this.epoch === epoch) this.commit();
    });
    return baseOffset;
  }

  private tell(member: Member): void {
    while (member.told < this.committedBatches) {
      const { baseOffset, records } = this.log[member.told++] as Batch;
      if (records !== null) member.listener().committed(baseOffset, records);
    }
    const isReady = member.told === this.log.length && this.leaderId === member.id;
    if (!isReady || member.mayActSince === this.epoch) return;
    member.mayActSince = this.epoch;
    member.listener().mayAct(this.epoch, this.endOffset);
  }

  private status(id: number): QuorumStatus {
    return {
      state: this.leaderId === id ? 'leader' : 'follower',
      epoch: this.epoch,
      leaderId: this.leaderId,
      highWatermark: this.endOffset,
      logStartOffset: 0,
      logEndOffset: this.endOffset,
      durableEndOffset: this.endOffset,
      snapshotId: null,
      voters: this.members.map((member) => ({
        voterId: member.id,
        voterDirectoryId: null,
        listeners: [],
      })),
      kraftVersion: 1,
      isVoter: true,
    };
  }
}
