/**
 * Shakes a group: members that join, stall, send what is late, and die; static members in two processes; coordinators that fail over
 * with and without what was not committed. In the end one member is left, and must own everything.
 *
 *     shakeGroup(correctRules, seed) // null, or what went wrong in one sentence
 *
 * - no partition is owned by two members in one generation
 * - what is acknowledged as committed is fetched, or what was committed after it; nothing of an undecided or aborted transaction is
 * - who asks for stable offsets waits for open transactions, and for nothing else
 * - nobody commits in a generation that is older than one that owns partitions
 * - of two processes with one instance id the older is not served
 */
import { randomStream } from '../../../../../harness/random.ts';
import { ERROR } from '../../../wire/error-codes.ts';
import type { AppendError } from '../../coordinator-log.ts';
import type { GroupRules } from '../rules.ts';
import { CommittedModel } from './committed-model.ts';
import { fetchCommitted, fetchStable, GroupMember, PARTITION_COUNT } from './group-member.ts';
import { GroupRig } from './group-rig.ts';

const STEPS = 120;
const PRODUCERS = 2;
const FAILURES: readonly AppendError[] = ['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'];
/** More than a session and a rebalance take. */
const QUIET_ROUNDS = 20;
const QUIET_STEP_MS = 4_000;

interface Late {
  readonly memberId: string;
  readonly generation: number;
}

export function shakeGroup(rules: GroupRules, seed: number): string | null {
  const random = randomStream(seed, 'group');
  const rig = new GroupRig({ initialRebalanceDelayMs: 100 }, rules);
  const problems: string[] = [];
  const models = Array.from({ length: PARTITION_COUNT }, () => new CommittedModel());
  const owners = new Map<string, string>();
  // Who got its partitions after this process had joined has its instance. (A join alone may be forgotten by a failover.)
  const joinedAt = new Map<GroupMember, number>();
  const syncedAt = new Map<GroupMember, number>();
  let served = 0;
  const isFenced = (member: GroupMember): boolean =>
    member.instanceId !== null &&
    members.some(
      (other) =>
        other !== member &&
        other.instanceId === member.instanceId &&
        (syncedAt.get(other) ?? -1) > (joinedAt.get(member) ?? -1),
    );
  let ownedGeneration = -1;

  const members = [
    new GroupMember(rig, 'a'),
    new GroupMember(rig, 'b'),
    new GroupMember(rig, 's', 'i'),
    new GroupMember(rig, 't', 'i'),
  ];
  const late = new Map<GroupMember, Late>();
  const isWaiting = new Map<GroupMember, boolean>();
  for (const member of members) {
    const who = member.instanceId ?? member.name;
    member.onOwned = (generation, partitions) => {
      ownedGeneration = Math.max(ownedGeneration, generation);
      for (const partition of partitions) {
        const key = `${generation}/${partition}`;
        const owner = owners.get(key) ?? who;
        if (owner !== who) {
          problems.push(`generation ${generation}: partition ${partition} is ${owner}'s and ${who}'s`);
        }
        owners.set(key, owner);
      }
    };
    member.onServed = (what) => {
      if (what === 'join') isWaiting.set(member, false);
      if (member.instanceId === null) return;
      if (what !== 'join' && isFenced(member)) {
        problems.push(`${what} of ${member.name} is served, whose instance another process has`);
      }
      if (what === 'join') joinedAt.set(member, ++served);
      if (what === 'sync') syncedAt.set(member, ++served);
    };
  }

  const checkOffsets = (): void => {
    const fetched = fetchCommitted(rig);
    if (typeof fetched === 'string') return;
    models.forEach((model, partition) => {
      const problem = model.problem(fetched.get(partition) ?? -1);
      if (problem !== null) problems.push(`partition ${partition}: ${problem}`);
    });
    fetchStable(rig)?.forEach((told, partition) => {
      const problem = (models[partition] as CommittedModel).stableProblem(told !== 'wait');
      if (problem !== null) problems.push(`partition ${partition}: ${problem}`);
    });
  };

  const commit = (member: GroupMember, generation: number): void => {
    const partition = random.integer(0, PARTITION_COUNT - 1);
    const begun = (models[partition] as CommittedModel).begin(null);
    // What holds when it is asked; the answer may be late.
    const owned = ownedGeneration;
    const wasFenced = isFenced(member);
    member.commit(partition, begun.offset, { generation }, (errorCode) => {
      if (errorCode !== ERROR.NONE) return;
      begun.isAcknowledged = true;
      // Without a generation anybody may commit while nobody is in the group.
      if (generation >= 0 && wasFenced) {
        problems.push(`a commit of ${member.name} is served, whose instance another process has`);
      }
      if (generation >= 0 && generation < owned) {
        problems.push(
          `${member.name} commits in generation ${generation}, and generation ${owned} owns partitions`,
        );
      }
    });
  };

  const transact = (producerId: number, ends: boolean): void => {
    if (ends) {
      const isCommit = random.chance(0.6);
      // The marker makes everything before it committed.
      rig.marker(producerId, isCommit ? 'commit' : 'abort');
      for (const model of models) model.end(producerId, isCommit ? 'committed' : 'aborted');
      return;
    }
    const partition = random.integer(0, PARTITION_COUNT - 1);
    const begun = (models[partition] as CommittedModel).begin(producerId);
    (members[0] as GroupMember).commitInTransaction(producerId, partition, begun.offset, -1, (errorCode) => {
      if (errorCode === ERROR.NONE) begun.isAcknowledged = true;
    });
  };

  const failOver = (): void => {
    const isReady = random.chance(0.7);
    rig.failover(random.integer(0, rig.pendingAppends), isReady);
    for (const member of members) isWaiting.set(member, false);
    checkOffsets();
    if (!isReady) rig.finishLoading(rig.coordinator);
    checkOffsets();
  };

  const step = (): void => {
    const member = random.pick(members);
    const roll = random.integer(0, 99);
    if (roll < 22) {
      if (isWaiting.get(member) === true) return;
      if (member.generation >= 0)
        late.set(member, { memberId: member.memberId, generation: member.generation });
      isWaiting.set(member, true);
      member.join(random.pick([3, 5]));
      if (member.generation < 0) isWaiting.set(member, false);
    } else if (roll < 42) member.sync();
    else if (roll < 50) member.beat();
    else if (roll < 60) commit(member, member.generation);
    else if (roll < 68) {
      const was = late.get(member);
      if (was === undefined || was.memberId !== member.memberId) return;
      if (random.chance(0.5)) member.sync(was.generation);
      else commit(member, was.generation);
    } else if (roll < 71) member.leave();
    else if (roll < 76) transact(100 + random.integer(0, PRODUCERS - 1), random.chance(0.4));
    else if (roll < 80) {
      rig.isHeld = !rig.isHeld;
      if (!rig.isHeld) rig.replicate();
    } else if (roll < 86) rig.replicate(1);
    else if (roll < 88) rig.fail(random.pick(FAILURES));
    else if (roll < 92) failOver();
    else rig.elapse(random.pick([100, 1_000, 6_000, 12_000]));
  };

  try {
    for (let i = 0; i < STEPS; i++) {
      step();
      checkOffsets();
    }
    rig.isHeld = false;
    rig.replicate();
    const survivor = new GroupMember(rig, 'z');
    for (let i = 0; i < QUIET_ROUNDS; i++) {
      survivor.beat();
      if (survivor.owned.length < PARTITION_COUNT) {
        survivor.join(3);
        rig.elapse(200);
        survivor.sync();
      }
      rig.elapse(QUIET_STEP_MS);
    }
    survivor.sync();
    if (survivor.owned.length < PARTITION_COUNT)
      problems.push('one member is left, and does not own everything');
    checkOffsets();
  } catch (error) {
    return `it broke: ${error instanceof Error ? error.message : String(error)}`;
  }
  return problems[0] ?? null;
}
