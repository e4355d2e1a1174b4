/**
 * Every decision of the controller that safety rests on, each a pure function named after what it decides. The core asks them and
 * decides nothing itself; a bug (`bugs.ts`) is this object with one function replaced.
 *
 *     correctRules.mayUnfence({ wantsFence: false, metadataOffset: 41, brokerEpoch: 42 }) // false: it has not seen itself registered
 */
import type { ErrorName } from './errors.ts';
import type { LeaderRecovery } from './metadata-records.ts';
import { NO_LEADER } from './metadata-records.ts';
import type { BrokerRegistration, PartitionRegistration } from './registrations.ts';

export interface RegistrationFacts {
  /** The same process asks again. */
  readonly sameIncarnation: boolean;
  /** The registered process was heard within the session timeout and is not fenced. */
  readonly sessionIsValid: boolean;
}

export interface UnfenceFacts {
  readonly wantsFence: boolean;
  /** How far the broker has replayed the metadata log. */
  readonly metadataOffset: number;
  readonly brokerEpoch: number;
}

export interface ShutdownFacts {
  readonly leadsPartitions: boolean;
  /** The lowest metadata offset of all brokers that stay. */
  readonly lowestActiveOffset: number;
  /** The last offset of the records that moved its leaderships away. */
  readonly controlledShutdownOffset: number;
}

/** What a leader proposes in AlterPartition. */
export interface IsrProposal {
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly isr: readonly number[];
  readonly leaderRecoveryState: LeaderRecovery;
}

export interface ElrFacts {
  readonly isr: readonly number[];
  readonly elr: readonly number[];
  readonly targetIsr: readonly number[];
  readonly targetReplicas: readonly number[];
  readonly minIsr: number;
  /** A replica that came back after an unclean shutdown, or NO_LEADER. */
  readonly uncleanShutdown: number;
}

export type Election = 'preferred' | 'online' | 'unclean';

export interface ElectionFacts {
  readonly election: Election;
  readonly leader: number;
  /** In the order of preference. */
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly elr: readonly number[];
  /** Who led last when nobody was left; NO_LEADER where that is not known or not allowed. */
  readonly lastKnownLeader: number;
  /** Whether a broker is alive and unfenced, and may lead. */
  mayLead(broker: number): boolean;
}

export interface Elected {
  readonly leader: number;
  /** `kept` and `isr` are clean; `elr` is clean and makes the ISR that one; `unclean` may lose what was committed. */
  readonly from: 'kept' | 'isr' | 'elr' | 'unclean' | 'nowhere';
}

export interface ReassignmentFacts {
  readonly replicas: readonly number[];
  readonly adding: readonly number[];
  readonly removing: readonly number[];
  readonly isr: readonly number[];
}

export const correctRules = {
  // Brokers

  /** A broker's epoch: the offset of the record that registers it, so that no two registrations share one (KIP-631). */
  newBrokerEpoch(offset: number, _registeredEpoch: number | undefined): number {
    return offset;
  },

  /** Whether a request comes from the registration that is in force (KIP-631). */
  brokerEpochIsCurrent(epoch: number, registeredEpoch: number | undefined): boolean {
    return epoch === registeredEpoch;
  },

  /** Whether a process may take a broker's id: nobody alive has it, or it is the same process (KIP-631). */
  mayRegister(facts: RegistrationFacts): boolean {
    return facts.sameIncarnation || !facts.sessionIsValid;
  },

  /**
   * Whether a broker that registers anew kept its disk: it proves so with the epoch that it had when it shut down. A file
   * holds it that is removed at the start (KIP-966, unclean shutdown).
   */
  isCleanShutdown(previousEpoch: number, registeredEpoch: number | undefined): boolean {
    return previousEpoch === registeredEpoch;
  },

  /** Whether a broker was silent for a whole session (KIP-631). */
  isSessionExpired(nowMs: number, lastContactMs: number, sessionTimeoutMs: number): boolean {
    return nowMs - lastContactMs >= sessionTimeoutMs;
  },

  /** A broker unfences when it has replayed the metadata log up to its own registration (KIP-631). */
  mayUnfence(facts: UnfenceFacts): boolean {
    return !facts.wantsFence && facts.metadataOffset >= facts.brokerEpoch;
  },

  /** A broker in controlled shutdown may go when it leads nothing and all others know it (KIP-631, KIP-841). */
  mayShutDown(facts: ShutdownFacts): boolean {
    return !facts.leadsPartitions && facts.controlledShutdownOffset <= facts.lowestActiveOffset;
  },

  // The in-sync replicas

  /** A fenced broker is in no ISR: whoever counts on its copy would wait, or elect it, in vain (KIP-841). */
  isrWithout(isr: readonly number[], broker: number): readonly number[] {
    return isr.includes(broker) ? isr.filter((member) => member !== broker) : isr;
  },

  /**
   * Why a leader's proposal of an ISR cannot be accepted, or NONE. A leader of an older epoch is fenced; a proposal made from an
   * older state of the partition is refused, since it may bring back who was removed (KIP-497, KIP-704).
   */
  mayAcceptIsr(proposal: IsrProposal, partition: PartitionRegistration): ErrorName {
    const { leaderEpoch, partitionEpoch, isr } = proposal;
    if (leaderEpoch > partition.leaderEpoch || partitionEpoch > partition.partitionEpoch)
      return 'NOT_CONTROLLER';
    if (leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH';
    if (proposal.leader !== partition.leader) return 'INVALID_REQUEST';
    if (partitionEpoch < partition.partitionEpoch) return 'INVALID_UPDATE_VERSION';
    if (!isValidIsr(isr, partition)) return 'INVALID_REQUEST';
    if (proposal.leaderRecoveryState === 'recovering') {
      if (isr.length > 1 || partition.leaderRecoveryState === 'recovered') return 'INVALID_REQUEST';
    }
    return 'NONE';
  },

  /**
   * Why the leader of a partition's Raft group cannot be noted as such, or NONE: it is a voter, and a group elects at most one leader in
   * an epoch, whose epochs only grow. Whoever was forgotten in its epoch may be noted in it again.
   */
  mayNoteRaftLeader(
    { leader, leaderEpoch }: { readonly leader: number; readonly leaderEpoch: number },
    partition: PartitionRegistration,
  ): ErrorName {
    if (!partition.replicas.includes(leader)) return 'INVALID_REQUEST';
    if (leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH';
    const isOther = partition.leader !== leader && partition.leader !== NO_LEADER;
    return leaderEpoch === partition.leaderEpoch && isOther ? 'INVALID_REQUEST' : 'NONE';
  },

  /**
   * Whether a broker may be in an ISR: registered, unfenced and not shutting down (KIP-841), and in the very registration in which
   * the leader saw it catch up; since then it may have restarted with less (KIP-903). An epoch of −1 is not known and not compared.
   */
  isEligible(broker: BrokerRegistration | undefined, claimedEpoch: number): boolean {
    return (
      broker !== undefined &&
      !broker.fenced &&
      !broker.inControlledShutdown &&
      (claimedEpoch === -1 || claimedEpoch === broker.epoch)
    );
  },

  /**
   * Who, outside the ISR, certainly has all that was committed: while the ISR is below its minimum nothing more is committed, so
   * whoever leaves it then stays eligible, unless it shut down uncleanly (KIP-966).
   */
  elrAfterIsrChange(facts: ElrFacts): readonly number[] {
    if (facts.targetIsr.length >= facts.minIsr) return [];
    const eligible = [...facts.elr, ...facts.isr.filter((member) => !facts.elr.includes(member))];
    return eligible.filter(
      (member) =>
        !facts.targetIsr.includes(member) &&
        facts.targetReplicas.includes(member) &&
        member !== facts.uncleanShutdown,
    );
  },

  // Leaders

  /**
   * The leader: the present one if it still may lead, else the first replica in sync; with an empty ISR the first eligible one; else
   * whoever led last (KIP-966); and when that is allowed, any that is alive. A preferred election asks the first replica first.
   */
  electLeader(facts: ElectionFacts): Elected {
    const { leader, replicas, isr, elr } = facts;
    const isValid = (broker: number): boolean =>
      (isr.includes(broker) || (isr.length === 0 && elr.includes(broker))) && facts.mayLead(broker);
    const elected = (broker: number): Elected => ({
      leader: broker,
      from: broker === leader ? 'kept' : isr.includes(broker) ? 'isr' : 'elr',
    });
    const preferred = replicas[0] as number;
    if (facts.election === 'preferred' && isValid(preferred)) return elected(preferred);
    if (isValid(leader)) return elected(leader);
    const clean = replicas.find(isValid);
    if (clean !== undefined) return elected(clean);
    if (isr.length === 0 && elr.length === 0 && facts.lastKnownLeader !== NO_LEADER) {
      if (replicas.includes(facts.lastKnownLeader) && facts.mayLead(facts.lastKnownLeader))
        return { leader: facts.lastKnownLeader, from: 'unclean' };
    }
    if (facts.election === 'unclean') {
      const unclean = replicas.find((broker) => facts.mayLead(broker));
      if (unclean !== undefined) return { leader: unclean, from: 'unclean' };
    }
    return { leader: NO_LEADER, from: 'nowhere' };
  },

  /** Whether a leader may be elected that may lack what was committed (`unclean.leader.election.enable`). */
  mayElectUnclean(enabled: boolean): boolean {
    return enabled;
  },

  /** An unclean leader must recover before anybody joins its ISR (KIP-704). */
  recoveryAfterElection(from: Elected['from'], state: LeaderRecovery): LeaderRecovery {
    return from === 'unclean' ? 'recovering' : state;
  },

  /** The leader epoch is raised with every election, and when a replica is taken away: older leaders are fenced by it (KIP-631). */
  leaderEpochAfter(leaderEpoch: number, isElection: boolean): number {
    return isElection ? leaderEpoch + 1 : leaderEpoch;
  },

  /** The partition epoch is raised with every change (KIP-497, KIP-631). */
  partitionEpochAfter(partitionEpoch: number): number {
    return partitionEpoch + 1;
  },

  // Reassignments and answers

  /** A reassignment is done when every replica that stays is in the ISR; none is taken away before (KIP-455). */
  isReassignmentComplete(facts: ReassignmentFacts): boolean {
    const { replicas, adding, removing, isr } = facts;
    if (adding.length === 0 && removing.length === 0) return false;
    const staying = replicas.filter((replica) => !removing.includes(replica));
    return staying.length > 0 && staying.every((replica) => isr.includes(replica));
  },

  /**
   * The offset that must be committed before an answer leaves: that of the last record it rests on, which may be that of another
   * request (KIP-631). A successor replays only what was committed.
   */
  answerOffset(lastAppendedOffset: number): number {
    return lastAppendedOffset;
  },
};

export type Rules = typeof correctRules;

function isValidIsr(isr: readonly number[], partition: PartitionRegistration): boolean {
  return (
    new Set(isr).size === isr.length &&
    isr.every((member) => partition.replicas.includes(member)) &&
    isr.includes(partition.leader)
  );
}
