/**
 * Named ways for the controller to be wrong: each replaces one rule.
 *
 *     controllerRulesWith(['unclean-election']).mayElectUnclean(false) // true
 */
import { HarnessError } from '../../../harness/errors.ts';
import type { Rules } from './rules.ts';
import { correctRules } from './rules.ts';

/** One bug of the controller; what finds it in a whole cluster is for the node to say. */
export interface ControllerBug {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  readonly replaces: Partial<Rules>;
}

export const CONTROLLER_BUGS: readonly ControllerBug[] = [
  {
    name: 'stale-broker-epoch-rejoins-isr',
    summary:
      'A leader may put a broker into the ISR by what it fetched before it restarted, when it may have lost its last writes since.',
    source: 'KIP-903; KAFKA-14139',
    replaces: {
      isEligible: (broker) => broker !== undefined && !broker.fenced && !broker.inControlledShutdown,
    },
  },
  {
    name: 'last-replica-standing',
    summary:
      'A replica that shut down uncleanly stays eligible to lead, though it may have lost what was committed.',
    source: 'KIP-966 (eligible leader replicas)',
    replaces: { isCleanShutdown: () => true },
  },
  {
    name: 'unclean-election',
    summary: 'A replica that is not in sync is elected although `unclean.leader.election.enable` is false.',
    source: 'KIP-106; KAFKA-3410 (unclean election and its losses)',
    replaces: { mayElectUnclean: () => true },
  },
  {
    name: 'leader-epoch-not-raised',
    summary:
      'An election does not raise the leader epoch: the old leader and the new one cannot be told apart.',
    source: 'KIP-101; KIP-631 (leader epoch)',
    replaces: { leaderEpochAfter: (leaderEpoch) => leaderEpoch },
  },
  {
    name: 'old-leader-not-fenced',
    summary:
      'The ISR that a deposed leader proposes is accepted: neither its epochs nor who it is are compared.',
    source: 'KIP-497 (AlterIsr carries the leader epoch); KAFKA-8585',
    replaces: {
      mayAcceptIsr: (proposal, partition) =>
        correctRules.mayAcceptIsr(
          proposal.leaderEpoch < partition.leaderEpoch
            ? {
                ...proposal,
                leader: partition.leader,
                leaderEpoch: partition.leaderEpoch,
                partitionEpoch: partition.partitionEpoch,
              }
            : proposal,
          partition,
        ),
    },
  },
  {
    name: 'fenced-broker-stays-in-isr',
    summary: 'A broker that is fenced stays in the ISR of its partitions.',
    source: 'KIP-841 (fenced replicas should not be allowed to join the ISR)',
    replaces: { isrWithout: (isr) => isr },
  },
  {
    name: 'partition-epoch-unchecked',
    summary: 'An ISR that was proposed from an older state of the partition is accepted, late or twice.',
    source: 'KIP-497; KAFKA-9672 (zkVersion, now partition epoch)',
    replaces: {
      mayAcceptIsr: (proposal, partition) =>
        correctRules.mayAcceptIsr({ ...proposal, partitionEpoch: partition.partitionEpoch }, partition),
    },
  },
  {
    name: 'unfence-before-caught-up',
    summary: 'A broker is unfenced at its first heartbeat, before it has replayed the metadata log.',
    source: 'KIP-631 (broker state machine)',
    replaces: { mayUnfence: ({ wantsFence }) => !wantsFence },
  },
  {
    name: 'elr-never-cleared',
    summary: 'Who is eligible stays so when the ISR has its minimum again and commits without them.',
    source: 'KIP-966 (ELR is cleared when the ISR reaches min.insync.replicas)',
    replaces: {
      elrAfterIsrChange: (facts) => correctRules.elrAfterIsrChange({ ...facts, minIsr: Infinity }),
    },
  },
  {
    name: 'duplicate-broker-id',
    summary: 'A second process takes the id of a broker that is alive.',
    source: 'KIP-631 (DUPLICATE_BROKER_REGISTRATION)',
    replaces: { mayRegister: () => true },
  },
  {
    name: 'broker-epoch-reused',
    summary: 'A broker that registers again gets the epoch that it had: its old messages look like new ones.',
    source: 'KIP-380 (broker generation); KIP-631',
    replaces: { newBrokerEpoch: (offset, registeredEpoch) => registeredEpoch ?? offset },
  },
  {
    name: 'answer-before-commit',
    summary: 'The controller answers as soon as it has decided: a successor may never have heard of it.',
    source: 'KIP-631 (the controller replies when the records are committed)',
    replaces: { answerOffset: () => -1 },
  },
];

/** @throws HarnessError `unknown-name` */
export function controllerRulesWith(names: readonly string[]): Rules {
  let rules: Rules = correctRules;
  for (const name of names) {
    const bug = CONTROLLER_BUGS.find((candidate) => candidate.name === name);
    if (bug === undefined) throw new HarnessError('unknown-name', `the controller has no bug ${name}`);
    rules = { ...rules, ...bug.replaces };
  }
  return rules;
}
