/**
 * Membership in a consumer group, the classic protocol: joining, heartbeats, the assignment of each generation.
 *
 *     const member = new GroupMember(client, { group: 'g', topics: ['t0'], sessionTimeoutMs: 6000, heartbeatIntervalMs: 500 });
 *     const assignment = await member.poll(deadlineMs); // the new one; null: it is as it was
 *     member.identity; // { group: 'g', memberId: '…', generation: 3 }
 *
 * It joins only while somebody polls, because a poll is where the old partitions are given up: a heartbeat that learns of a
 * rebalance leaves that to the next poll, and who commits meanwhile does so as of the old generation, and is fenced. A join
 * may take longer than a poll has time; it then goes on, and a later poll takes what came of it.
 */
import { msToNs } from '../../../harness/units.ts';
import type { Address, Timer } from '../../runtime/runtime.ts';
import type { ReceivedBody } from '../node/network/node-client.ts';
import { ERROR } from '../wire/error-codes.ts';
import { ClientError } from './client-error.ts';
import {
  assignmentOf,
  assignRanges,
  encodeAssignment,
  encodeSubscription,
  PROTOCOL_TYPE,
  RANGE,
  subscriptionOf,
} from './group-protocol.ts';
import type { KafkaClient } from './kafka-client.ts';
import type { PartitionKey } from './operations.ts';
import type { GroupIdentity } from './producer.ts';

export interface GroupMemberOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
}

interface Membership {
  readonly memberId: string;
  readonly generation: number;
  readonly keys: readonly PartitionKey[];
}

/** Of one join: coordinators that move, members that come and go. */
const ATTEMPTS_MAX = 50;

export class GroupMember {
  private readonly client: KafkaClient;
  private readonly options: GroupMemberOptions;
  /** What the last poll took; null: nothing yet, or it was lost. */
  private taken: Membership | null = null;
  /** What a join brought and no poll has taken. */
  private formed: Membership | null = null;
  private memberId = '';
  private mustJoin = true;
  private joining: Promise<void> | null = null;
  private failure: ClientError | null = null;
  private timer: Timer | null = null;
  private stopped = false;

  constructor(client: KafkaClient, options: GroupMemberOptions) {
    this.client = client;
    this.options = options;
  }

  /** As of the last poll; generation −1 where it has none. */
  get identity(): GroupIdentity {
    const { group } = this.options;
    if (this.taken === null) return { group, memberId: this.memberId, generation: -1 };
    return { group, memberId: this.taken.memberId, generation: this.taken.generation };
  }

  get isMember(): boolean {
    return this.taken !== null;
  }

  /**
   * @returns the assignment of a generation that is new to whoever polls; null: as it was
   * @throws ClientError where the group is not formed in time
   */
  async poll(deadlineMs: number): Promise<readonly PartitionKey[] | null> {
    if (this.mustJoin && this.joining === null && this.formed === null) {
      this.failure = null;
      this.joining = this.join().finally(() => (this.joining = null));
    }
    if (this.joining !== null)
      await Promise.race([this.joining, this.client.sleep(deadlineMs - this.client.nowMs)]);
    const { formed } = this;
    if (formed !== null) {
      this.formed = null;
      this.taken = formed;
      return formed.keys;
    }
    if (this.mustJoin || this.taken === null)
      throw (
        this.failure ?? ClientError.own('not-prepared', `the group ${this.options.group} is being formed`)
      );
    return null;
  }

  /** An answer of the coordinator to anything that this member asked as such. */
  learn(errorCode: number): void {
    switch (errorCode) {
      case ERROR.UNKNOWN_MEMBER_ID:
        this.memberId = '';
        this.mustJoin = true;
        break;
      case ERROR.REBALANCE_IN_PROGRESS:
      case ERROR.ILLEGAL_GENERATION:
        this.mustJoin = true;
        break;
      default:
        this.client.learnFromCoordinator('group', this.options.group, errorCode);
    }
  }

  /** Without a word to the group. */
  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** Tells the group, and does not wait for what it says. */
  async leave(deadlineMs: number): Promise<void> {
    this.stop();
    const { memberId } = this;
    const { group } = this.options;
    if (memberId === '') return;
    const address = await this.client.coordinator('group', group, deadlineMs);
    const body = { groupId: group, members: [{ memberId }] };
    await this.client.request(address, 'leaveGroup', body, { lane: 'group', deadlineMs });
  }

  // Joining

  private async join(): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS_MAX && !this.stopped; attempt++) {
      // The whole of a rebalance may be waited for, and then once more.
      const deadlineMs = this.client.nowMs + 2 * this.rebalanceTimeoutMs;
      try {
        const address = await this.client.coordinator('group', this.options.group, deadlineMs);
        const isDone = await this.joinOnce(address, deadlineMs);
        if (isDone) return;
        await this.client.pause(deadlineMs, ClientError.own('not-prepared', 'no time for another join'));
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        this.failure = error;
        if (error.errorCode === null) this.client.forgetCoordinator('group', this.options.group);
        return;
      }
    }
  }

  /** @returns false: try again */
  private async joinOnce(address: Address, deadlineMs: number): Promise<boolean> {
    const { group, topics, sessionTimeoutMs } = this.options;
    const waiting = { lane: 'group', deadlineMs, waitMs: this.rebalanceTimeoutMs } as const;
    const joined = await this.client.request(
      address,
      'joinGroup',
      {
        groupId: group,
        sessionTimeoutMs,
        rebalanceTimeoutMs: this.rebalanceTimeoutMs,
        memberId: this.memberId,
        protocolType: PROTOCOL_TYPE,
        protocols: [{ name: RANGE, metadata: encodeSubscription(topics) }],
      },
      waiting,
    );
    if (joined.errorCode === ERROR.MEMBER_ID_REQUIRED) {
      this.memberId = joined.memberId;
      return false;
    }
    if (this.refuses(joined.errorCode, 'a join')) return false;
    const { memberId, generationId } = joined;
    this.memberId = memberId;
    const assignments = joined.leader === memberId ? await this.assign(joined, deadlineMs) : [];
    const synced = await this.client.request(
      address,
      'syncGroup',
      { groupId: group, generationId, memberId, assignments },
      waiting,
    );
    if (this.refuses(synced.errorCode, 'a sync')) return false;
    this.mustJoin = false;
    this.formed = { memberId, generation: generationId, keys: assignmentOf(synced.assignment) };
    this.scheduleHeartbeat();
    return true;
  }

  /** False: no error. @throws ClientError for one that another attempt does not mend */
  private refuses(errorCode: number, what: string): boolean {
    if (errorCode === ERROR.NONE) return false;
    this.learn(errorCode);
    if (!MENDED_BY_ANOTHER.has(errorCode)) {
      throw ClientError.answered(errorCode, `${what} of the group ${this.options.group}`);
    }
    return true;
  }

  /** As the leader of a generation. */
  private async assign(
    { members }: ReceivedBody<'joinGroup'>,
    deadlineMs: number,
  ): Promise<{ memberId: string; assignment: Uint8Array }[]> {
    const subscribers = members.map(({ memberId, metadata }) => ({
      memberId,
      topics: subscriptionOf(metadata),
    }));
    const topics = [...new Set(subscribers.flatMap((member) => member.topics))];
    const { topics: known } = await this.client.refresh(topics, deadlineMs);
    const counts = new Map(known.map(({ name, partitions }) => [name, partitions.length]));
    return [...assignRanges(subscribers, counts)].map(([memberId, keys]) => ({
      memberId,
      assignment: encodeAssignment(keys),
    }));
  }

  // Heartbeats

  private scheduleHeartbeat(): void {
    this.timer?.cancel();
    if (this.stopped) return;
    this.timer = this.client.endpoint.setTimer(msToNs(this.options.heartbeatIntervalMs), () => {
      void this.heartbeat();
    });
  }

  private async heartbeat(): Promise<void> {
    const current = this.formed ?? this.taken;
    // One that joins is waited for; and its connection is busy.
    if (current !== null && this.joining === null) {
      try {
        const deadlineMs = this.client.nowMs + this.options.sessionTimeoutMs;
        const { group } = this.options;
        const { memberId, generation } = current;
        const address = await this.client.coordinator('group', group, deadlineMs);
        const body = { groupId: group, generationId: generation, memberId };
        const { errorCode } = await this.client.request(address, 'heartbeat', body, { lane: 'group' });
        // A join may have begun meanwhile: what was said to the old generation is old.
        if (this.joining === null) this.learn(errorCode);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        this.client.forgetCoordinator('group', this.options.group);
      }
    }
    this.scheduleHeartbeat();
  }

  /** How long the group waits for its members to join again. */
  private get rebalanceTimeoutMs(): number {
    return this.options.sessionTimeoutMs;
  }
}

const MENDED_BY_ANOTHER: ReadonlySet<number> = new Set([
  ERROR.UNKNOWN_MEMBER_ID,
  ERROR.REBALANCE_IN_PROGRESS,
  ERROR.ILLEGAL_GENERATION,
  ERROR.NOT_COORDINATOR,
  ERROR.COORDINATOR_NOT_AVAILABLE,
  ERROR.COORDINATOR_LOAD_IN_PROGRESS,
]);
