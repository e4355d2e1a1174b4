/**
 * Named ways for the group coordinator to be wrong: each replaces one rule.
 *
 *     groupRulesWith(['commit-generation-unchecked']).generationIsCurrent('commit', 3, 4) // true
 */
import { HarnessError } from '../../../../harness/errors.ts';
import type { GroupRules } from './rules.ts';
import { correctRules } from './rules.ts';

/** One bug; what finds it in a whole cluster is for the node to say. */
export interface GroupBug {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly replaces: Partial<GroupRules>;
}

export const GROUP_BUGS: readonly GroupBug[] = [
  {
    name: 'offset-acknowledged-before-durable',
    summary: 'A committed offset is acknowledged as soon as it is appended: a failover takes it back.',
    source: 'offsets.commit.required.acks, whose default is −1',
    replaces: { mayAcknowledgeCommit: () => true },
  },
  {
    name: 'commit-generation-unchecked',
    summary: 'A member commits offsets in a generation that is over, though the partition is another’s now.',
    source: 'KIP-62 (a consumer that stops longer than its poll interval); KIP-447',
    replaces: {
      generationIsCurrent: (from, generation, groupGeneration) =>
        from === 'commit' || correctRules.generationIsCurrent(from, generation, groupGeneration),
    },
  },
  {
    name: 'member-kept-after-session',
    summary: 'A member that is not heard stays in the group: nobody reads its partitions.',
    source: 'KIP-62 (session timeout)',
    replaces: { isSessionOver: () => false },
  },
  {
    name: 'sync-of-old-generation',
    summary:
      'SyncGroup of an older generation is answered with the present assignment: two members own a partition in one generation.',
    source: 'the classic protocol (ILLEGAL_GENERATION)',
    replaces: {
      generationIsCurrent: (from, generation, groupGeneration) =>
        from === 'sync' || correctRules.generationIsCurrent(from, generation, groupGeneration),
    },
  },
  {
    name: 'generation-not-raised',
    summary: 'A rebalance does not begin a new generation: members of before it are not fenced.',
    source: 'the classic protocol (generation id)',
    replaces: { generationAfter: (generation) => Math.max(1, generation) },
  },
  {
    name: 'assignment-before-durable',
    summary:
      'An assignment is handed out before its record is committed: the next coordinator gives the generation away a second time.',
    source: 'the classic protocol (the group is stored before SyncGroup is answered)',
    replaces: { assignmentIsFinal: () => true },
  },
  {
    name: 'instance-not-fenced',
    summary: 'Of two processes with one group.instance.id both are served: both read the same partitions.',
    source: 'KIP-345 (FENCED_INSTANCE_ID)',
    replaces: {
      actingMember: (facts) =>
        facts.instanceHolder === undefined
          ? correctRules.actingMember(facts)
          : { memberId: facts.instanceHolder },
    },
  },
  {
    name: 'serves-while-loading',
    summary:
      'A new coordinator answers before it has read its log: committed offsets look as if there were none.',
    source: 'the classic protocol (COORDINATOR_LOAD_IN_PROGRESS)',
    replaces: { mayServe: () => true },
  },
  {
    name: 'undecided-offsets-visible',
    summary: 'Offsets of a transaction are fetched before the transaction is committed.',
    source: 'KIP-98 (TxnOffsetCommit); KIP-447 (pending offsets)',
    replaces: { transactionalOffsetsCount: (marker) => marker !== 'abort' },
  },
  {
    name: 'unstable-offsets-fetched',
    summary:
      'Who asks for stable offsets gets one that an open transaction replaces: a second member processes what the first has.',
    source: 'KIP-447 (UNSTABLE_OFFSET_COMMIT)',
    replaces: { isStable: () => true },
  },
  {
    name: 'aborted-offsets-kept',
    summary: 'Offsets of an aborted transaction become committed.',
    source: 'KIP-98 (TxnOffsetCommit)',
    replaces: { transactionalOffsetsCount: (marker) => marker !== 'none' },
  },
  {
    name: 'loaded-offset-advanced',
    summary:
      'A new coordinator takes a committed offset for that of the last record processed, and adds 1: the group passes over a record.',
    source: 'Kafka, KafkaConsumer.commitSync (the committed offset is the next to be read)',
    replaces: { loadedOffset: (offset) => offset + 1 },
  },
  {
    name: 'late-transaction-overwrites',
    summary:
      'A transaction’s offsets replace a commit that is later in the log: the committed offset goes back.',
    source: 'KAFKA-5247 (materialize committed offsets in the order of the log)',
    replaces: { isNewerCommit: () => true },
  },
  {
    name: 'active-offsets-expire',
    summary: 'Offsets expire by the time of their commit although the group has members.',
    source: 'KIP-211; KAFKA-4682',
    replaces: {
      isOffsetExpired: (facts) =>
        correctRules.isOffsetExpired({ ...facts, state: 'Empty', hasProtocol: false }),
    },
  },
];

/** @throws HarnessError `unknown-name` */
export function groupRulesWith(names: readonly string[]): GroupRules {
  let rules: GroupRules = correctRules;
  for (const name of names) {
    const bug = GROUP_BUGS.find((candidate) => candidate.name === name);
    if (bug === undefined) throw new HarnessError('unknown-name', `the group coordinator has no bug ${name}`);
    rules = { ...rules, ...bug.replaces };
  }
  return rules;
}
