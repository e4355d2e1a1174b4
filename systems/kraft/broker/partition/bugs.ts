/**
 * Named ways to be wrong: each replaces rules. The correct replica runs `correctRules`; one with bugs runs a copy in which
 * their rules are replaced.
 *
 *     partitionRulesWith(['ack-before-replication']).mayAcknowledge(anything) // 'acknowledge'
 *
 * The random schedules of `testing/schedule.ts` find each of them (`bugs.test.ts` says within how many), but for those that need a
 * coordinator of transactions, and the correct replica passes them all.
 */
import { closest } from 'fastest-levenshtein';
import { HarnessError } from '../../../../harness/errors.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Rules } from './rules.ts';
import { correctRules } from './rules.ts';

interface PartitionBug {
  /** kebab-case: the argument of `--bug`. */
  readonly name: string;
  /** One sentence: what the broker does wrong. */
  readonly summary: string;
  /** The KIP, the issue or the paper that it comes from. */
  readonly source: string;
  /** How a whole node with it is found; empty until there is one. */
  readonly foundBy: { readonly checkers: readonly string[]; readonly command: string };
  readonly replaces: Partial<Rules>;
}

/** Filled when `shaketable run kraft …` finds it. */
const FOUND_BY_SCHEDULES = { checkers: ['invariants'], command: '' };

export const PARTITION_BUGS: readonly PartitionBug[] = [
  {
    name: 'truncate-to-high-watermark',
    summary: 'A new follower cuts its log at its own high watermark, which is behind what is committed.',
    source: 'KIP-101, scenario 1; KAFKA-1211 (hold the produce request with ack > 1 in purgatory)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { keptEndOffset: (logEndOffset, highWatermark) => Math.min(logEndOffset, highWatermark) },
  },
  {
    name: 'truncate-ignoring-epoch',
    summary: 'A follower cuts at the offset that its leader names, though it lacks the epoch that it is of.',
    source: 'KIP-279, KAFKA-6361 (fast leader fail over can lead to log divergence)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      truncation: (leaderEnd, _own, logEndOffset) => ({
        endOffset: Math.min(leaderEnd.endOffset, logEndOffset),
        agrees: true,
      }),
    },
  },
  {
    name: 'no-truncation',
    summary: 'A follower fetches from its own end, whatever its log ends with.',
    source: 'KIP-101, scenario 2 (replica divergence)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      diverges: () => false,
      truncation: (_leaderEnd, _own, logEndOffset) => ({ endOffset: logEndOffset, agrees: true }),
    },
  },
  {
    name: 'ack-before-replication',
    summary: "acks=-1 is answered after the leader's append.",
    source: 'Kafka, documentation of acks; KIP-101, motivation',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { mayAcknowledge: () => 'acknowledge' },
  },
  {
    name: 'duplicate-acknowledged-early',
    summary: 'A duplicate under acks=-1 is answered at once, though the first one is not replicated.',
    source: 'KIP-98, idempotent producer (a duplicate is acknowledged like the batch itself)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      mayAcknowledge: (facts) => (facts.isDuplicate ? 'acknowledge' : correctRules.mayAcknowledge(facts)),
    },
  },
  {
    name: 'high-watermark-from-current-isr',
    summary: 'The high watermark does not wait for members that are proposed and perhaps already confirmed.',
    source: 'KIP-497, maximal ISR; KAFKA-12791 (leader and ISR state are updated separately)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { maximalIsr: (committed) => committed },
  },
  {
    name: 'shrink-before-confirmed',
    summary: 'A member stops counting when its removal is proposed, not when it is confirmed.',
    source: 'KIP-497 (inter-broker API to alter the ISR), pending ISR',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { maximalIsr: (committed, proposed) => proposed ?? committed },
  },
  {
    name: 'proposal-forgotten',
    summary: 'A proposal that got no answer counts as refused.',
    source: 'KIP-497; KAFKA-13091 (increment the partition epoch with every change)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { afterAlterPartitionError: () => 'revert' },
  },
  {
    name: 'isr-by-fetch-size',
    summary: 'What was sent to a follower counts as what it has.',
    source: 'Kafka, Replica.updateFetchState (the fetch offset is the acknowledgement); KIP-16',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { replicaEndOffset: (_fetchOffset, sentUpTo) => sentUpTo },
  },
  {
    name: 'joins-isr-too-early',
    summary: 'Any replica that fetches joins the ISR, however far behind.',
    source: 'Kafka, Partition.maybeExpandIsr; PacificA, section on reconfiguration',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { mayJoinIsr: () => true },
  },
  {
    name: 'joins-isr-before-epoch-start',
    summary: 'A replica joins at the high watermark of a new leader that does not know the true one yet.',
    source: 'KAFKA-7128 (lagging high watermark can lead to committed data loss after ISR expansion)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { mayJoinIsr: (facts) => correctRules.mayJoinIsr({ ...facts, leaderEpochStart: 0 }) },
  },
  {
    name: 'stale-broker-epoch',
    summary: 'A replica that has restarted since joins by the fetch of its former life.',
    source: 'KIP-903, KAFKA-14139 (replaced disk can lead to loss of committed data)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      mayJoinIsr: (facts) =>
        correctRules.mayJoinIsr({ ...facts, brokerEpoch: facts.broker?.brokerEpoch ?? -1 }),
      claimedBrokerEpoch: () => -1,
      isCurrentBrokerEpoch: () => true,
    },
  },
  {
    name: 'last-replica-standing',
    summary: 'The high watermark moves though the ISR is below its minimum.',
    source: 'KIP-966 (eligible leader replicas), last replica standing',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { highWatermark: (facts) => correctRules.highWatermark({ ...facts, minIsr: 0 }) },
  },
  {
    name: 'no-sequence-check',
    summary: 'A batch of an idempotent producer is appended whatever its sequence.',
    source: 'KIP-98 (exactly once delivery and transactional messaging), idempotent producer',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { producerDecision: () => ({ kind: 'ok' }) },
  },
  {
    name: 'old-epoch-accepted',
    summary:
      'A leader appends what comes late from a producer whose epoch is over: its records join the next transaction.',
    source: 'KIP-98 (zombie fencing, INVALID_PRODUCER_EPOCH); KAFKA-14402, KIP-890 (hanging transactions)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      producerDecision: (decision) => (decision.kind === 'fenced' ? { kind: 'ok' } : decision),
    },
  },
  {
    name: 'producer-state-lost',
    summary: 'A new leader knows nothing of the producers whose batches it has.',
    source: 'KIP-98, producer state of followers; KAFKA-5793',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { keepsProducerState: () => false },
  },
  {
    name: 'broker-retries-produce',
    summary: 'A produce that was not replicated in time is appended once more by the broker.',
    source: 'facts of kafkajs and Kafka: only an idempotent client may retry (KIP-98, motivation)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { onProduceTimeout: () => 'append-again' },
  },
  {
    name: 'reads-above-high-watermark',
    summary: 'A consumer reads to the end of the log.',
    source: 'Kafka, design of replication (only committed messages are given out)',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { visibleEndOffset: (_reader, { logEndOffset }) => logEndOffset },
  },
  {
    name: 'last-stable-offset-ignored',
    summary: 'A read-committed consumer reads to the high watermark, into transactions that are open.',
    source: 'KIP-98, last stable offset',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: {
      visibleEndOffset: (reader, offsets) =>
        reader === 'replica' ? offsets.logEndOffset : offsets.highWatermark,
    },
  },
  {
    name: 'old-epoch-not-fenced',
    summary: 'A leader counts fetches that were meant for an earlier leadership.',
    source: 'KIP-320 (allow fetchers to detect and handle log truncation), FENCED_LEADER_EPOCH',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { checkLeaderEpoch: () => ERROR.NONE },
  },
  {
    name: 'old-response-accepted',
    summary: 'A follower takes an answer that it asked for under an earlier leader.',
    source: 'KIP-320; Kafka, AbstractFetcherThread.processFetchRequest',
    foundBy: FOUND_BY_SCHEDULES,
    replaces: { isCurrentResponse: () => true },
  },
];

/** @throws HarnessError `unknown-name` with the nearest name */
export function partitionRulesWith(names: readonly string[]): Rules {
  let rules: Rules = correctRules;
  for (const name of names) {
    const bug = PARTITION_BUGS.find((candidate) => candidate.name === name);
    if (bug === undefined) {
      const nearest = closest(
        name,
        PARTITION_BUGS.map((candidate) => candidate.name),
      );
      throw new HarnessError('unknown-name', `a partition has no bug ${name}; did you mean ${nearest}?`);
    }
    rules = { ...rules, ...bug.replaces };
  }
  return rules;
}
