/**
 * Judges counters from additions (`add`, a number) and reads (`read`, the count; null is 0), key by key.
 *
 *     add 3 ok · add 5 info · read → 3 or 8 is fine · read → 0: an acknowledged addition is missing
 *                                                   · read → 11: something was counted twice
 *
 * A read must lie within bounds: from below, the additions that were acknowledged before it was invoked; from above,
 * all that were invoked before it completed and did not fail. And counts must not go back from one read to
 * a later one, where nothing is ever subtracted. It takes one pass and misses what stays within the
 * bounds, as a doubled addition may while others are in doubt: the linearizability checker with a counter model would
 * find more, at its price.
 *
 * The statistics count as `unseen` the additions that were acknowledged, and that no read was there to see.
 *
 * Anomalies: `lost-add` (too low, and no later read is any better), `stale-read` (too low, or lower than an
 * earlier read), `duplicate-add` (too high), `malformed-read` (no number).
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Anomaly, Checker, Verdict } from '../checker.ts';
import { BoundsFigures, type CountRead } from './bounds-figures.ts';

const NAME = 'counter-bounds';
const ANOMALIES_TOLD_MAX = 50;

type CounterKey = Operation['key'];

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
  readonly malformed: Operation[];
}

export interface CounterOptions {
  /**
   * Whether a read that returns less than an earlier one had, within its bounds, is an anomaly. By default it is;
   * Jepsen's checker knows bounds only.
   */
  readonly decreases?: 'judged' | 'allowed';
}

export function counterBounds({ decreases = 'judged' }: CounterOptions = {}): Checker {
  return { name: NAME, check: ({ history }) => verdictOn(tallyCounters(history), decreases) };
}

function verdictOn(
  tallies: ReadonlyMap<CounterKey, Tally>,
  decreases: NonNullable<CounterOptions['decreases']>,
): Verdict {
  const anomalies: Anomaly[] = [];
  const allowed: Anomaly[] = [];
  const figures = new BoundsFigures();
  let reads = 0;
  let unseen = 0;
  for (const [key, tally] of tallies) {
    const name = nameOf(key);
    for (const anomaly of judgeBounds(name, tally)) anomalies.push(anomaly);
    for (const anomaly of judgeDecreases(name, tally)) {
      (decreases === 'judged' ? anomalies : allowed).push(anomaly);
    }
    for (const read of tally.reads) figures.add(name, read);
    reads += tally.reads.length;
    unseen += tally.acknowledged - tally.covered;
  }
  const statistics = {
    counters: tallies.size,
    reads,
    unseen,
    found: anomalies.length + allowed.length,
    ...figures.toJson(),
  };
  const common = {
    checker: NAME,
    anomalies: anomalies.slice(0, ANOMALIES_TOLD_MAX),
    ...(allowed.length === 0 ? {} : { allowed: allowed.slice(0, ANOMALIES_TOLD_MAX) }),
    statistics,
  };
  if (anomalies.length > 0) return { ...common, valid: false };
  if (reads === 0) {
    const reason = 'no read completed, so nothing was judged: run longer, or with fewer faults';
    return { ...common, valid: 'unknown', reason };
  }
  return { ...common, valid: true };
}

const nameOf = (key: CounterKey): string => (key === undefined ? 'the counter' : String(key));

function tallyCounters(history: History): ReadonlyMap<CounterKey, Tally> {
  const tallies = new Map<CounterKey, Tally>();
  /** By the index of the read's invocation: the tally as it was then. */
  const readsInFlight = new Map<number, Tally>();
  for (const operation of history.operations) {
    if (operation.process === 'nemesis') continue;
    const { index, type, f } = operation;
    if (type === 'invoke') {
      const tally = tallyOf(tallies, operation.key);
      if (f === 'add') countInvoked(tally, operation, history.completionOf(index));
      else if (f === 'read') readsInFlight.set(index, { ...tally });
      else throw new HarnessError('bad-history', `operation ${index}: a counter has read and add, no ${f}`);
    } else if (type === 'ok') {
      const invocation = history.invocationOf(index);
      if (invocation === undefined) continue;
      const tally = tallyOf(tallies, invocation.key);
      const before = readsInFlight.get(invocation.index);
      if (before === undefined) countAcknowledged(tally, invocation);
      else countRead(tally, before, invocation, operation);
      readsInFlight.delete(invocation.index);
    }
  }
  return tallies;
}

function tallyOf(tallies: Map<CounterKey, Tally>, key: CounterKey): Tally {
  let tally = tallies.get(key);
  if (tally === undefined) {
    const zero = { acknowledgedUp: 0, acknowledgedDown: 0, invokedUp: 0, invokedDown: 0 };
    tally = {
      ...zero,
      hasFailed: false,
      acknowledged: 0,
      covered: 0,
      highest: null,
      reads: [],
      malformed: [],
    };
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
  throw new HarnessError(
    'bad-history',
    `operation ${index}: an add wants a number, not ${JSON.stringify(value)}`,
  );
}

function countInvoked(tally: Tally, invocation: Operation, completion: Operation | undefined): void {
  const amount = amountOf(invocation);
  if (completion?.type === 'fail') {
    tally.hasFailed = true;
    return;
  }
  tally.invokedUp += Math.max(0, amount);
  tally.invokedDown += Math.min(0, amount);
}

function countAcknowledged(tally: Tally, invocation: Operation): void {
  const amount = amountOf(invocation);
  tally.acknowledgedUp += Math.max(0, amount);
  tally.acknowledgedDown += Math.min(0, amount);
  tally.acknowledged++;
}

function countRead(tally: Tally, before: Tally, invocation: Operation, completion: Operation): void {
  const value = completion.value ?? 0;
  if (typeof value !== 'number') {
    tally.malformed.push(completion);
    return;
  }
  tally.covered = Math.max(tally.covered, before.acknowledged);
  const lower = before.acknowledgedUp + tally.invokedDown;
  const upper = before.acknowledgedDown + tally.invokedUp;
  const read = { invocation, completion, value, lower, upper, highest: before.highest };
  tally.reads.push(read);
  if (tally.highest === null || value > tally.highest.value) tally.highest = read;
}

/** The first read of each kind of anomaly tells the story; of the others it says how many there are. */
function describe(
  anomaly: string,
  name: string,
  found: readonly CountRead[],
  explain: (read: CountRead) => string,
): Anomaly[] {
  const [first] = found;
  if (first === undefined) return [];
  const more = found.length === 1 ? '' : ` ${found.length - 1} more reads of ${name} are like this.`;
  return [
    {
      name: anomaly,
      explanation: `The read of ${name} in operation ${first.completion.index} returned ${first.value}, ${explain(first)}${more}`,
      operations: [...new Set([...witness(first.highest), ...witness(first)])].sort((a, b) => a - b),
      evidence: { key: name, value: first.value, lower: first.lower, upper: first.upper },
    },
  ];
}

function judgeBounds(name: string, { reads, malformed, hasFailed }: Tally): Anomaly[] {
  const tooHigh = reads.filter((read) => read.value > read.upper);
  const tooLow = reads.filter((read) => read.value < read.lower);
  let lastGood = -1;
  for (const read of reads) {
    if (read.value >= read.lower) lastGood = Math.max(lastGood, read.invocation.index);
  }
  const lost = tooLow.filter((read) => lastGood < read.completion.index);
  const stale = tooLow.filter((read) => lastGood >= read.completion.index);
  const [firstMalformed] = malformed;
  return [
    ...describe('duplicate-add', name, tooHigh, ({ upper }) => {
      return `but all additions that can have happened by then come to ${upper}: something was counted ${hasFailed ? 'twice, or though it failed' : 'twice'}.`;
    }),
    ...describe('lost-add', name, lost, ({ lower }) => {
      return `but ${lower} had been acknowledged before it was invoked, and no later read shows the rest.`;
    }),
    ...describe('stale-read', name, stale, ({ lower }) => {
      return `but ${lower} had been acknowledged before it was invoked; a later read shows it.`;
    }),
    ...(firstMalformed === undefined
      ? []
      : [
          {
            name: 'malformed-read',
            explanation: `The read of ${name} in operation ${firstMalformed.index} returned ${JSON.stringify(firstMalformed.value)}, which is no count.`,
            operations: malformed.slice(0, ANOMALIES_TOLD_MAX).map((completion) => completion.index),
          },
        ]),
  ];
}

/** Within its bounds, and lower than an earlier read. */
function judgeDecreases(name: string, { reads, invokedDown }: Tally): Anomaly[] {
  if (invokedDown < 0) return [];
  const back = reads.filter(
    ({ value, lower, highest }) => value >= lower && value < (highest?.value ?? value),
  );
  return describe('stale-read', name, back, ({ highest }) => {
    return `but operation ${highest?.completion.index ?? ''} had already returned ${highest?.value ?? 0}.`;
  });
}

const witness = (read: CountRead | null): readonly number[] =>
  read === null ? [] : [read.invocation.index, read.completion.index];
