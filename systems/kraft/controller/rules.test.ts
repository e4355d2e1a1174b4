import { describe, expect, test } from 'vitest';
import { HarnessError } from '../../../harness/errors.ts';
import { CONTROLLER_BUGS, controllerRulesWith } from './bugs.ts';
import type { BrokerRegistration } from './registrations.ts';
import { newPartition } from './registrations.ts';
import type { ElectionFacts, ElrFacts, IsrProposal } from './rules.ts';
import { correctRules as rules } from './rules.ts';

const broker: BrokerRegistration = {
  id: 2,
  epoch: 17,
  incarnationId: 'process',
  endPoints: [],
  features: [],
  rack: null,
  fenced: false,
  inControlledShutdown: false,
  logDirs: [],
};

describe('brokers', () => {
  test('an epoch is the offset of the registration', () => {
    expect(rules.newBrokerEpoch(42, 7)).toBe(42);
    expect(rules.brokerEpochIsCurrent(7, 7)).toBe(true);
    expect(rules.brokerEpochIsCurrent(6, 7)).toBe(false);
    expect(rules.brokerEpochIsCurrent(7, undefined)).toBe(false);
  });

  test('an id is taken by the same process or when nobody alive has it', () => {
    expect(rules.mayRegister({ sameIncarnation: false, sessionIsValid: true })).toBe(false);
    expect(rules.mayRegister({ sameIncarnation: true, sessionIsValid: true })).toBe(true);
    expect(rules.mayRegister({ sameIncarnation: false, sessionIsValid: false })).toBe(true);
  });

  test('a clean shutdown is shown by the epoch', () => {
    expect(rules.isCleanShutdown(7, 7)).toBe(true);
    expect(rules.isCleanShutdown(-1, 7)).toBe(false);
    expect(rules.isCleanShutdown(-1, undefined)).toBe(false);
  });

  test('a session ends after its whole length', () => {
    expect(rules.isSessionExpired(8999, 0, 9000)).toBe(false);
    expect(rules.isSessionExpired(9000, 0, 9000)).toBe(true);
  });

  test('unfenced is who has seen its registration and does not mind', () => {
    expect(rules.mayUnfence({ wantsFence: false, metadataOffset: 17, brokerEpoch: 17 })).toBe(true);
    expect(rules.mayUnfence({ wantsFence: false, metadataOffset: 16, brokerEpoch: 17 })).toBe(false);
    expect(rules.mayUnfence({ wantsFence: true, metadataOffset: 17, brokerEpoch: 17 })).toBe(false);
  });

  test('who goes leads nothing, and all others know', () => {
    const facts = { leadsPartitions: false, lowestActiveOffset: 10, controlledShutdownOffset: 10 };
    expect(rules.mayShutDown(facts)).toBe(true);
    expect(rules.mayShutDown({ ...facts, leadsPartitions: true })).toBe(false);
    expect(rules.mayShutDown({ ...facts, lowestActiveOffset: 9 })).toBe(false);
    expect(rules.mayShutDown({ ...facts, lowestActiveOffset: Infinity })).toBe(true);
  });
});

describe('the ISR', () => {
  const partition = {
    ...newPartition('topic', 0, [1, 2, 3], [], [1, 2]),
    leaderEpoch: 4,
    partitionEpoch: 6,
  };
  const proposal: IsrProposal = {
    leader: 1,
    leaderEpoch: 4,
    partitionEpoch: 6,
    isr: [1, 2, 3],
    leaderRecoveryState: 'recovered',
  };

  test.each<[string, Partial<IsrProposal>]>([
    ['NONE', {}],
    ['NONE', { isr: [1] }],
    ['NOT_CONTROLLER', { leaderEpoch: 5 }],
    ['NOT_CONTROLLER', { partitionEpoch: 7 }],
    ['FENCED_LEADER_EPOCH', { leaderEpoch: 3 }],
    ['INVALID_REQUEST', { leader: 2 }],
    ['INVALID_UPDATE_VERSION', { partitionEpoch: 5 }],
    ['INVALID_REQUEST', { isr: [2, 3] }],
    ['INVALID_REQUEST', { isr: [] }],
    ['INVALID_REQUEST', { isr: [1, 4] }],
    ['INVALID_REQUEST', { isr: [1, 2, 2] }],
    ['INVALID_REQUEST', { leaderRecoveryState: 'recovering', isr: [1] }],
  ])('%s for %o', (expected, change) => {
    expect(rules.mayAcceptIsr({ ...proposal, ...change }, partition)).toBe(expected);
  });

  test('a leader that recovers is alone until it has recovered', () => {
    const recovering = { ...partition, leaderRecoveryState: 'recovering' as const };
    const still = { ...proposal, leaderRecoveryState: 'recovering' as const };
    expect(rules.mayAcceptIsr({ ...still, isr: [1] }, recovering)).toBe('NONE');
    expect(rules.mayAcceptIsr({ ...still, isr: [1, 2] }, recovering)).toBe('INVALID_REQUEST');
    expect(rules.mayAcceptIsr(proposal, recovering)).toBe('NONE');
  });

  test.each([
    ['NONE', 1, 5],
    ['NONE', 2, 5],
    ['NONE', 1, 4],
    ['INVALID_REQUEST', 2, 4],
    ['INVALID_REQUEST', 9, 5],
    ['FENCED_LEADER_EPOCH', 1, 3],
  ])('%s for a Raft group that broker %i says to lead in epoch %i', (expected, leader, leaderEpoch) => {
    expect(rules.mayNoteRaftLeader({ leader, leaderEpoch }, partition)).toBe(expected);
    const forgotten = { ...partition, leader: -1 };
    const inItsEpoch = leader === 2 && leaderEpoch === 4 ? 'NONE' : expected;
    expect(rules.mayNoteRaftLeader({ leader, leaderEpoch }, forgotten)).toBe(inItsEpoch);
  });

  test('a member is registered, unfenced, staying, and in the registration that was seen', () => {
    expect(rules.isEligible(broker, 17)).toBe(true);
    expect(rules.isEligible(broker, -1)).toBe(true);
    expect(rules.isEligible(broker, 16)).toBe(false);
    expect(rules.isEligible({ ...broker, fenced: true }, 17)).toBe(false);
    expect(rules.isEligible({ ...broker, inControlledShutdown: true }, 17)).toBe(false);
    expect(rules.isEligible(undefined, 17)).toBe(false);
  });

  test('who is fenced leaves', () => {
    expect(rules.isrWithout([1, 2, 3], 2)).toEqual([1, 3]);
    expect(rules.isrWithout([1, 3], 2)).toEqual([1, 3]);
  });

  const elr: ElrFacts = {
    isr: [1, 2],
    elr: [3],
    targetIsr: [1],
    targetReplicas: [1, 2, 3],
    minIsr: 2,
    uncleanShutdown: -1,
  };

  test.each<[readonly number[], Partial<ElrFacts>]>([
    [[3, 2], {}],
    [[], { minIsr: 1 }],
    [[3, 1, 2], { targetIsr: [] }],
    [[3], { uncleanShutdown: 2 }],
    [[2], { targetReplicas: [1, 2] }],
    [[], { targetIsr: [1, 3] }],
  ])('eligible are %o with %o', (expected, change) => {
    expect(rules.elrAfterIsrChange({ ...elr, ...change })).toEqual(expected);
  });
});

describe('leaders', () => {
  const election = (alive: readonly number[], change: Partial<ElectionFacts>) =>
    rules.electLeader({
      election: 'online',
      leader: 1,
      replicas: [1, 2, 3],
      isr: [1, 2],
      elr: [],
      lastKnownLeader: -1,
      mayLead: (id) => alive.includes(id),
      ...change,
    });

  test('a leader that can stays', () => {
    expect(election([1, 2, 3], {})).toEqual({ leader: 1, from: 'kept' });
    expect(election([1, 2, 3], { leader: 2 })).toEqual({ leader: 2, from: 'kept' });
    expect(election([1, 2, 3], { leader: 2, election: 'preferred' })).toEqual({ leader: 1, from: 'isr' });
    expect(election([2, 3], { leader: 2, election: 'preferred' })).toEqual({ leader: 2, from: 'kept' });
  });

  test('else the first in sync', () => {
    expect(election([2, 3], {})).toEqual({ leader: 2, from: 'isr' });
    expect(election([3], {})).toEqual({ leader: -1, from: 'nowhere' });
  });

  test('else the first who is eligible, when nobody is in sync', () => {
    expect(election([3], { isr: [], elr: [2, 3] })).toEqual({ leader: 3, from: 'elr' });
    expect(election([3], { isr: [1], elr: [3] })).toEqual({ leader: -1, from: 'nowhere' });
  });

  test('else who led last, when nobody is eligible either', () => {
    expect(election([2, 3], { isr: [], lastKnownLeader: 3 })).toEqual({ leader: 3, from: 'unclean' });
    expect(election([2], { isr: [], lastKnownLeader: 3 })).toEqual({ leader: -1, from: 'nowhere' });
    expect(election([4], { isr: [], lastKnownLeader: 4 })).toEqual({ leader: -1, from: 'nowhere' });
    expect(election([3], { isr: [], elr: [2], lastKnownLeader: 3 }).leader).toBe(-1);
  });

  test('else anybody, when that is allowed', () => {
    expect(election([3], { election: 'unclean' })).toEqual({ leader: 3, from: 'unclean' });
    expect(election([2, 3], { election: 'unclean' })).toEqual({ leader: 2, from: 'isr' });
    expect(election([], { election: 'unclean' }).from).toBe('nowhere');
    expect(rules.mayElectUnclean(false)).toBe(false);
    expect(rules.recoveryAfterElection('unclean', 'recovered')).toBe('recovering');
    expect(rules.recoveryAfterElection('isr', 'recovering')).toBe('recovering');
  });

  test('epochs', () => {
    expect(rules.leaderEpochAfter(4, true)).toBe(5);
    expect(rules.leaderEpochAfter(4, false)).toBe(4);
    expect(rules.partitionEpochAfter(4)).toBe(5);
    expect(rules.answerOffset(9)).toBe(9);
  });

  test('a reassignment is done when all who stay are in sync', () => {
    const facts = { replicas: [3, 4, 1], adding: [3, 4], removing: [1], isr: [1, 3] };
    expect(rules.isReassignmentComplete(facts)).toBe(false);
    expect(rules.isReassignmentComplete({ ...facts, isr: [1, 3, 4] })).toBe(true);
    expect(rules.isReassignmentComplete({ ...facts, isr: [3, 4] })).toBe(true);
    expect(rules.isReassignmentComplete({ ...facts, adding: [], removing: [], isr: [1, 3, 4] })).toBe(false);
  });
});

describe('bugs', () => {
  test('each replaces one rule, and has a source', () => {
    for (const bug of CONTROLLER_BUGS) {
      expect(Object.keys(bug.replaces), bug.name).toHaveLength(1);
      expect(bug.source).toMatch(/KIP-\d+/);
      const name = Object.keys(bug.replaces)[0] as keyof typeof rules;
      const changed = controllerRulesWith([bug.name]);
      expect(changed[name]).not.toBe(rules[name]);
      expect({ ...changed, [name]: rules[name] }).toEqual(rules);
    }
    expect(new Set(CONTROLLER_BUGS.map(({ name }) => name)).size).toBe(CONTROLLER_BUGS.length);
  });

  test('none is the correct controller, and an unknown one is refused', () => {
    expect(controllerRulesWith([])).toBe(rules);
    expect(() => controllerRulesWith(['no-such-bug'])).toThrow(HarnessError);
  });
});
