/**
 * Shakes a transaction coordinator: producers that come, go and time out, coordinators that fail over with and without what was not
 * committed, markers that are late. In the end all that is under way may finish, and then:
 *
 *     shakeTransactions(correctRules, seed) // null, or what went wrong in one sentence
 *
 * - an epoch is handed out once, and never goes back
 * - all records of what a client meant as one transaction have one outcome, and that is what its client was told
 * - what nobody asked to commit is aborted
 */
import { randomStream } from '../../../../../harness/random.ts';
import type { AppendError } from '../../coordinator-log.ts';
import type { TransactionRules } from '../rules.ts';
import { TransactionalProducer } from './transactional-producer.ts';
import { TransactionRig } from './transaction-rig.ts';

const STEPS = 60;
const PARTITIONS = 3;
const PRODUCERS = 2;
const FAILURES: readonly AppendError[] = ['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'];
/** Rounds in which what is left may finish: each ends time-outs and writes markers. */
const QUIET_ROUNDS = 6;
const QUIET_MS = 60_000;

export function shakeTransactions(rules: TransactionRules, seed: number): string | null {
  const random = randomStream(seed, 'transactions');
  const rig = new TransactionRig({}, rules);
  const problems: string[] = [];
  let last = [-1, -1] as readonly [number, number];
  const producers = Array.from({ length: PRODUCERS }, (_, i) => new TransactionalProducer(rig, `p${i}-`));
  for (const producer of producers) {
    producer.onEpoch = (producerId, producerEpoch) => {
      const isHigher = producerId > last[0] || (producerId === last[0] && producerEpoch > last[1]);
      if (!isHigher) {
        problems.push(`epoch ${producerId}/${producerEpoch} is handed out after ${last.join('/')}`);
      }
      last = [producerId, producerEpoch];
    };
  }

  const step = (): void => {
    const producer = random.pick(producers);
    const roll = random.integer(0, 99);
    if (roll < 10) producer.init();
    else if (roll < 40) {
      // Who does not know how its transaction ended does not begin another.
      if (producer.producerId >= 0 && !producer.isUnsure)
        producer.add('orders', random.integer(0, PARTITIONS - 1));
    } else if (roll < 60) {
      if (producer.producerId >= 0 && producer.current !== null) producer.end(random.chance(0.7));
    } else if (roll < 66) {
      rig.isHeld = !rig.isHeld;
      if (!rig.isHeld) rig.replicate();
    } else if (roll < 74) rig.replicate(1);
    else if (roll < 77) rig.fail(random.pick(FAILURES));
    else if (roll < 83) rig.failover(random.integer(0, rig.pendingAppends));
    else if (roll < 88) rig.areMarkersHeld = !rig.areMarkersHeld;
    else if (roll < 96) {
      const marker = rig.markers.length === 0 ? null : random.pick(rig.markers);
      if (marker !== null) rig.deliver(marker, random.chance(0.2) ? 'NOT_LEADER_OR_FOLLOWER' : undefined);
    } else rig.elapse(random.pick([100, 5_000, 15_000]));
  };

  try {
    for (let i = 0; i < STEPS; i++) step();
    rig.isHeld = false;
    rig.areMarkersHeld = false;
    rig.replicate();
    for (let i = 0; i < QUIET_ROUNDS; i++) {
      rig.deliverAll();
      rig.elapse(QUIET_MS);
    }
  } catch (error) {
    return `it broke: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (rig.unanswered > 0) problems.push(`${rig.unanswered} calls were never answered`);
  for (const { label, promised, mayCommit } of producers.flatMap(({ meant }) => meant)) {
    const found = [...rig.data].flatMap(([name, { outcomes }]) =>
      outcomes.filter((record) => record.label === label).map(({ outcome }) => `${outcome} in ${name}`),
    );
    const outcomes = new Set(found.map((each) => each.split(' ')[0] as string));
    const what = `transaction ${label}: ${found.join(', ')}`;
    if (outcomes.has('open')) problems.push(`${what}: it never ended`);
    else if (outcomes.size > 1) problems.push(`${what}: two outcomes`);
    else if (promised !== null && outcomes.size === 1 && !outcomes.has(promised)) {
      problems.push(`${what}: its client was told ${promised}`);
    } else if (!mayCommit && outcomes.has('commit')) problems.push(`${what}: nobody asked to commit it`);
  }
  return problems[0] ?? null;
}
