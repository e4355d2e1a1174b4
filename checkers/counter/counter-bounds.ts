/**
 * Judges counters from additions (`add`, a number) and reads (`read`, the count; null is 0), key by key.
 *
 *     add 3 ok · add 5 info · read → 3 or 8 is fine · read → 0: an acknowledged addition is missing
 *                                                   · read → 11: something was counted twice
 *
 * A read must lie within bounds: from below, the additions that were acknowledged before it was invoked; from above,
 * all that were invoked before it completed and did not fail; subtractions the other way about. And counts must not go back from one read to
 * a later one, where nothing is ever subtracted. It takes one pass and misses what stays within the
 * bounds, as a doubled addition may while others are in doubt: the linearizability checker with a counter model would
 * find more, at its price.
 *
 * The statistics count as `unseen` the additions that were acknowledged, and that no read was there to see.
 *
 * Where nothing had been acknowledged before any read, and every read is 0, nothing is proven.
 *
 * Anomalies: `lost-add` (too low, and no later read is any better; or too high for want of a subtraction), `stale-read` (too
 * low, or lower than an earlier read), `duplicate-add` (too high, or too low for a subtraction that counts twice),
 * `malformed-read` (no whole number).
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Checker, CheckInput, Verdict } from '../checker.ts';
import { Findings, indexesOf, type Key, nameOf, show } from '../findings/findings.ts';
import { Pace } from '../findings/pace.ts';
import { BoundsFigures, type CountRead } from './bounds-figures.ts';

const NAME = 'counter-bounds';

/** One counter on the way through the history. Sums of what is added (up) and subtracted (down). */
interface Tally {
  acknowledgedUp: number;
  acknowledgedDown: number;
  /** Invoked and not known to have failed. */
  invokedUp: number;
  invokedDown: number;
  /** Some addition failed. */
  hasFailed: boolean;
  /** Additions that were acknowledged, and those of them before a read that was answered was invoked. */
  acknowledged: number;
  covered: number;
  highest: CountRead | null;
  readonly reads: CountRead[];
}

export interface CounterOptions {
  /**
   * Whether a read that returns less than an earlier one had, within its bounds, is an anomaly. By default it is;
   * Jepsen's checker knows bounds only.
   */
  readonly decreases?: 'judged' | 'allowed';
}

export function counterBounds({ decreases = 'judged' }: CounterOptions = {}): Checker {
  return { name: NAME, check: (input) => judge(input, decreases) };
}

function judge(input: CheckInput, decreases: NonNullable<CounterOptions['decreases']>): Verdict {
  const findings = new Findings();
  const pace = new Pace(input, 2 * input.history.length);
  const tallies = tallyCounters(input.history, findings, pace);
  const figures = new BoundsFigures();
  let reads = 0;
  let unseen = 0;
  let telling = 0;
  for (const [key, tally] of tallies) {
    // Of a part of the history it is not known whether a later read is better.
    if (pace.spend(tally.reads.length)) break;
    const name = nameOf(key, 'the counter');
    judgeBounds(name, tally, findings);
    judgeDecreases(name, tally, findings, decreases === 'judged');
    for (const read of tally.reads) {
      figures.add(name, read);
      if (read.value !== 0 || read.hadAcknowledged) telling++;
    }
    reads += tally.reads.length;
    unseen += tally.acknowledged - tally.covered;
  }
  return findings.conclude(NAME, {
    statistics: { counters: tallies.size, reads, unseen, ...figures.toJson() },
    unknownBecause: pace.reason ?? vacuity(reads, telling),
  });
}

function vacuity(reads: number, telling: number): string | undefined {
  if (reads === 0) return 'no read completed, so nothing was judged: run longer, or with fewer faults';
  if (telling > 0) return undefined;
  return 'nothing had been added and acknowledged before a read began, so nothing was judged: read later';
}

function tallyCounters(history: History, findings: Findings, pace: Pace): ReadonlyMap<Key, Tally> {
  const tallies = new Map<Key, Tally>();
  /** By the index of the read's invocation: the tally as it was then. */
  const readsInFlight = new Map<number, Tally>();
  for (const operation of history.operations) {
    if (operation.process === 'nemesis') continue;
    if (pace.spend(1)) break;
    const { index, type, f } = operation;
    if (type === 'invoke') {
      const tally = tallyOf(tallies, operation.key);
      if (f === 'add') countInvoked(tally, operation, history.completionOf(index));
      else if (f === 'read') readsInFlight.set(index, { ...tally });
      else throw new HarnessError('bad-history', `operation ${index}: a counter has read and add, no ${f}`);
    } else {
      const invocation = history.invocationOf(index);
      if (invocation === undefined) continue;
      const before = readsInFlight.get(invocation.index);
      readsInFlight.delete(invocation.index);
      if (type !== 'ok') continue;
      const tally = tallyOf(tallies, invocation.key);
      if (before === undefined) countAcknowledged(tally, invocation);
      else countRead(tally, before, invocation, operation, findings);
    }
  }
  return tallies;
}

function tallyOf(tallies: Map<Key, Tally>, key: Key): Tally {
  let tally = tallies.get(key);
  if (tally === undefined) {
    const zero = { acknowledgedUp: 0, acknowledgedDown: 0, invokedUp: 0, invokedDown: 0 };
    tally = { ...zero, hasFailed: false, acknowledged: 0, covered: 0, highest: null, reads: [] };
    tallies.set(key, tally);
  }
  return tally;
}

function amountOf({ index, value }: Operation): number {
  if (typeof value === 'number') {
    // Sums of fractions depend on the order of the additions.
    if (Number.isSafeInteger(value)) return value;
    throw new HarnessError('bad-history', `operation ${index}: an add wants a whole number, not ${value}`);
  }
  throw new HarnessError('bad-history', `operation ${index}: an add wants a number, not ${show(value)}`);
}

function countInvoked(tally: Tally, invocation: Operation, completion: Operation | undefined): void {
  const amount = amountOf(invocation);
  if (completion?.type === 'fail') {
    tally.hasFailed = true;
    return;
  }
  tally.invokedUp += Math.max(0, amount);
  tally.invokedDown += Math.min(0, amount);
  if (Number.isSafeInteger(tally.invokedUp) && Number.isSafeInteger(tally.invokedDown)) return;
  throw new HarnessError(
    'bad-history',
    `operation ${invocation.index}: all additions together come to more than 2⁵³, which cannot be counted exactly`,
  );
}

function countAcknowledged(tally: Tally, invocation: Operation): void {
  const amount = amountOf(invocation);
  tally.acknowledgedUp += Math.max(0, amount);
  tally.acknowledgedDown += Math.min(0, amount);
  tally.acknowledged++;
}

function countRead(
  tally: Tally,
  before: Tally,
  invocation: Operation,
  completion: Operation,
  findings: Findings,
): void {
  const value = completion.value ?? 0;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    findings.add('malformed-read', () => ({
      explanation: `The read of ${nameOf(invocation.key, 'the counter')} in operation ${completion.index} returned ${show(value)}, which is no count.`,
      operations: indexesOf(invocation, completion),
    }));
    return;
  }
  tally.covered = Math.max(tally.covered, before.acknowledged);
  const lower = before.acknowledgedUp + tally.invokedDown;
  const upper = before.acknowledgedDown + tally.invokedUp;
  const { invokedUp: highestSum, invokedDown: lowestSum } = tally;
  const hadAcknowledged = before.acknowledged > 0;
  const { highest } = before;
  const read = {
    invocation,
    completion,
    value,
    lower,
    upper,
    highestSum,
    lowestSum,
    hadAcknowledged,
    highest,
  };
  tally.reads.push(read);
  if (tally.highest === null || value > tally.highest.value) tally.highest = read;
}

function finding(name: string, read: CountRead, why: string) {
  const { invocation, completion, value, lower, upper, highest } = read;
  return {
    explanation: `The read of ${name} in operation ${completion.index} returned ${value}, ${why}`,
    operations: indexesOf(highest?.invocation, highest?.completion, invocation, completion),
    evidence: { key: name, value, lower, upper },
  };
}

function judgeBounds(name: string, { reads, hasFailed }: Tally, findings: Findings): void {
  let lastGood = -1;
  for (const { value, lower, invocation } of reads) {
    if (value >= lower) lastGood = Math.max(lastGood, invocation.index);
  }
  const failed = hasFailed ? ', or though it failed' : '';
  for (const read of reads) {
    const { value, lower, upper, highestSum, lowestSum, completion } = read;
    if (value > highestSum) {
      const bound = `but all additions that can have happened by then come to ${highestSum}`;
      findings.add('duplicate-add', () =>
        finding(name, read, `${bound}: something was counted twice${failed}.`),
      );
    } else if (value > upper) {
      const bound = `but with all that had been subtracted before it was invoked it can be ${upper} at most`;
      const why = `${bound}: a subtraction is missing, or something was counted twice${failed}.`;
      findings.add('lost-add', () => finding(name, read, why));
    } else if (value < lowestSum && lowestSum < 0) {
      const bound = `but all subtractions that can have happened by then come to ${lowestSum}`;
      findings.add('duplicate-add', () =>
        finding(name, read, `${bound}: something was counted twice${failed}.`),
      );
    } else if (value < lower) {
      const least =
        lowestSum < 0
          ? `it must be ${lower} at least, by what had been added before it was invoked and what can have been subtracted`
          : `${lower} had been acknowledged before it was invoked`;
      if (lastGood < completion.index) {
        const why = `but ${least}, and no later read shows the rest.`;
        findings.add('lost-add', () => finding(name, read, why));
      } else {
        findings.add('stale-read', () => finding(name, read, `but ${least}; a later read shows it.`));
      }
    }
  }
}

/** Within its bounds, and lower than an earlier read. */
function judgeDecreases(
  name: string,
  { reads, invokedDown }: Tally,
  findings: Findings,
  isJudged: boolean,
): void {
  if (invokedDown < 0) return;
  for (const read of reads) {
    const { value, lower, highest } = read;
    if (value < lower || highest === null || value >= highest.value) continue;
    const why = `but operation ${highest.completion.index} had already returned ${highest.value}.`;
    if (isJudged) findings.add('stale-read', () => finding(name, read, why));
    else findings.addAllowed('stale-read', () => finding(name, read, why));
  }
}
