/**
 * One group: its members, the state of its rebalance, its offsets. Data and small questions; what happens is in the other modules.
 *
 *     Empty ── join ──▶ PreparingRebalance ── all joined ──▶ CompletingRebalance ── leader's assignment is durable ──▶ Stable
 *       ▲                 │  ▲      ▲                             │                                                 │
 *       └── nobody left ──┘  │      └────── a member changes ─────┘                                                 │
 *                            └───────────────────────────── a member changes ───────────────────────────────────────┘
 *     Dead: being deleted, or not coordinated here any more
 */
import type { GroupValue, OffsetValue } from './group-records.ts';
import type { GroupState } from './rules.ts';

export interface Protocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

export interface Member {
  id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  protocols: readonly Protocol[];
  assignment: Uint8Array;
  sessionEndsMs: number;
  /** Who waits for the answer to JoinGroup, or null. */
  joining: number | null;
  /** Who waits for the answer to SyncGroup, or null. */
  syncing: number | null;
  /** In its first rebalance: until when it waits. Afterwards Infinity. */
  joinEndsMs: number;
}

export interface CommittedOffset extends OffsetValue {
  readonly topic: string;
  readonly partition: number;
  /** Of its record in the log. */
  readonly logOffset: number;
}

/** Offsets of a producer's transactions that are being appended, and how transactions of it ended meanwhile. */
export interface AppendingProducer {
  /** Of each append, which partitions' offsets. */
  readonly appends: Set<ReadonlySet<string>>;
  /** In the order of the log. */
  readonly ended: { readonly marker: 'commit' | 'abort'; readonly offset: number }[];
}

/** A rebalance whose members are joining. */
export interface Rebalance {
  endsMs: number;
  /** How much longer an initial delay may be extended; null when this is no initial delay. */
  initialRemainingMs: number | null;
  /** A member came during the delay: wait for one delay more. */
  hasNewMember: boolean;
}

export const NO_BYTES = new Uint8Array(0);
export const offsetName = (topic: string, partition: number): string => `${topic}-${partition}`;

export class Group {
  readonly id: string;
  /** Of `__consumer_offsets`. */
  readonly partition: number;
  state: GroupState = 'Empty';
  /** Wall clock. */
  stateMs = -1;
  generation = 0;
  /** Null: a group that only commits. */
  protocolType: string | null = null;
  protocol: string | null = null;
  leader: string | null = null;
  /** In the order in which they joined. */
  readonly members = new Map<string, Member>();
  readonly instances = new Map<string, string>();
  /** Told to join with their id, and until when. */
  readonly pendingMembers = new Map<string, number>();
  rebalance: Rebalance | null = null;
  /** Who did not ask for its assignment yet, and until when it may. */
  readonly unsynced = new Set<string>();
  syncEndsMs = Infinity;
  /** The leader's assignment is being written. */
  isStoring = false;
  readonly offsets = new Map<string, CommittedOffset>();
  /** By producer id. */
  readonly pendingOffsets = new Map<number, Map<string, CommittedOffset>>();
  /** By producer id. */
  readonly appending = new Map<number, AppendingProducer>();
  /** Appends of offsets under way. */
  commitsInFlight = 0;

  constructor(id: string, partition: number) {
    this.id = id;
    this.partition = partition;
  }

  become(state: GroupState, wallMs: number): void {
    this.state = state;
    this.stateMs = wallMs;
  }

  get waitingCount(): number {
    let count = 0;
    for (const member of this.members.values()) if (member.joining !== null) count++;
    return count;
  }

  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...[...this.members.values()].map((member) => member.rebalanceTimeoutMs));
  }

  /** A transaction that nobody has decided yet commits an offset of the partition, or is about to. */
  isUndecided(name: string): boolean {
    for (const offsets of this.pendingOffsets.values()) if (offsets.has(name)) return true;
    for (const { appends } of this.appending.values()) {
      for (const names of appends) if (names.has(name)) return true;
    }
    return false;
  }

  get isUnused(): boolean {
    return (
      this.state === 'Empty' &&
      this.offsets.size === 0 &&
      this.pendingOffsets.size === 0 &&
      this.commitsInFlight === 0 &&
      this.pendingMembers.size === 0
    );
  }

  add(member: Member): void {
    this.members.set(member.id, member);
    if (member.instanceId !== null) this.instances.set(member.instanceId, member.id);
    this.leader ??= member.id;
  }

  /** A leader that goes is followed by the member that is here longest and waits, or longest at all. */
  remove(member: Member): void {
    this.members.delete(member.id);
    this.unsynced.delete(member.id);
    const { instanceId } = member;
    if (instanceId !== null && this.instances.get(instanceId) === member.id)
      this.instances.delete(instanceId);
    if (this.leader !== member.id) return;
    const rest = [...this.members.values()];
    this.leader = (rest.find(({ joining }) => joining !== null) ?? rest[0])?.id ?? null;
  }

  /** A new process took a static member's place: the same member under another id, at the same position. */
  rename(oldId: string, newId: string): void {
    const all = [...this.members.values()];
    this.members.clear();
    for (const member of all) {
      if (member.id === oldId) member.id = newId;
      this.members.set(member.id, member);
      if (member.id === newId && member.instanceId !== null) this.instances.set(member.instanceId, newId);
    }
    if (this.unsynced.delete(oldId)) this.unsynced.add(newId);
    if (this.leader === oldId) this.leader = newId;
  }

  /** Whether a member with these protocols could be in the group. */
  supports(protocolType: string, protocols: readonly Protocol[]): boolean {
    if (this.members.size === 0) return protocolType !== '' && protocols.length > 0;
    if (protocolType !== this.protocolType) return false;
    const common = this.commonProtocols();
    return protocols.some(({ name }) => common.has(name));
  }

  private commonProtocols(): ReadonlySet<string> {
    const [first, ...rest] = [...this.members.values()].map((member) =>
      member.protocols.map(({ name }) => name),
    );
    return new Set(first?.filter((name) => rest.every((names) => names.includes(name))));
  }

  /** Each member votes for the first of its protocols that all have; of equal ones the first voted for wins. */
  selectProtocol(): string | null {
    const common = this.commonProtocols();
    const votes = new Map<string, number>();
    for (const { protocols } of this.members.values()) {
      const choice = protocols.find(({ name }) => common.has(name))?.name;
      if (choice !== undefined) votes.set(choice, (votes.get(choice) ?? 0) + 1);
    }
    let best: string | null = null;
    for (const [name, count] of votes) if (best === null || count > (votes.get(best) ?? 0)) best = name;
    return best;
  }

  metadataOf(member: Member): Uint8Array {
    return member.protocols.find(({ name }) => name === this.protocol)?.metadata ?? NO_BYTES;
  }

  /** What the log says of the group, with these assignments instead of the present ones. */
  toValue(assignments?: ReadonlyMap<string, Uint8Array>): GroupValue {
    return {
      protocolType: this.protocolType ?? '',
      generation: this.generation,
      protocol: this.protocol,
      leader: this.leader,
      currentStateMs: this.stateMs,
      members: [...this.members.values()].map((member) => ({
        memberId: member.id,
        groupInstanceId: member.instanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        sessionTimeoutMs: member.sessionTimeoutMs,
        subscription: this.metadataOf(member),
        assignment: assignments === undefined ? member.assignment : (assignments.get(member.id) ?? NO_BYTES),
      })),
    };
  }
}

export function sameProtocols(a: readonly Protocol[], b: readonly Protocol[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, metadata }, i) => {
      const other = b[i] as Protocol;
      return name === other.name && sameBytes(metadata, other.metadata);
    })
  );
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
