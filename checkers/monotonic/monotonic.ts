/**
 * Judges values that only grow: who saw one never sees a smaller one again, key by key.
 *
 *     process 1 reads 5 · process 1 reads 4: not monotonic
 *     process 1 reads 5 · process 2 reads 4, asked later: stale, with scope 'global' an anomaly
 *
 * Along each process's operations values must not decrease. With `scope: 'global'` that must hold along real time, whoever
 * reads: a read that was invoked after another had completed must not return less. Where answers carry timestamps
 * (`[timestamp, value]`), they must not decrease along a process either, and the values of increments and of reads at a
 * time (`read-at`) must not decrease with their timestamps. Reads at a time are otherwise of the past, and left out.
 *
 * It trusts that values only grow: writers are not judged. For registers that take any value see `sessions`; for a final
 * read of a table of increments see {@link monotonicTable}.
 *
 * Anomalies: `non-monotonic-read` (same process), `stale-read` (another process; allowed with scope `process`),
 * `non-monotonic-timestamp`, `timestamp-reorder`, `malformed-read`.
 */
import { findingChecker } from '../findings/finding-checker.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import type { Findings } from '../findings/findings.ts';
import { indexesOf, show } from '../findings/findings.ts';
import { compareOrdered, NOTHING_YET, type Observation, observe, type Ordered } from './observations.ts';

const NAME = 'monotonic';

export interface MonotonicOptions {
  /** Whether values must grow for each process by itself (default), or for all together in real time. */
  readonly scope?: 'process' | 'global';
}

/** What an operation must not be below. */
interface Seen {
  readonly value: Ordered;
  readonly invocation: Operation;
  readonly completion: Operation;
}

class Watched {
  /** By process and stream. */
  readonly last = new Map<string, Observation>();
  /** By process and key. */
  readonly lastTimestamp = new Map<string, Seen>();
  readonly timed: { readonly timestamp: Ordered; readonly observation: Observation }[] = [];
  /** That showed something. */
  observations = 0;
  /** Of one observation with an earlier one. */
  comparisons = 0;
}

export function monotonic({ scope = 'process' }: MonotonicOptions = {}): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const watched = new Watched();
    const greatestAtInvocation = new GreatestByTime();
    for (const completion of history.operations) {
      if (completion.process === 'nemesis' || completion.type !== 'ok') continue;
      if (pace.spend(1)) break;
      const observed = observe(history, completion);
      if (observed === null) {
        findings.add('malformed-read', () => ({
          explanation: `Operation ${completion.index} returned ${show(completion.value)}, which is nothing that grows.`,
          operations: indexesOf(history.invocationOf(completion.index), completion),
        }));
        continue;
      }
      for (const observation of observed.values) {
        if (observation.value !== NOTHING_YET) watched.observations++;
        if (observed.timestamp !== undefined && completion.f !== 'read') {
          watched.timed.push({ timestamp: observed.timestamp, observation });
        }
        if (completion.f === 'read-at') continue;
        judgeProcess(watched, observation, findings);
        if (judgeRealTime(greatestAtInvocation, observation, scope, findings) && scope === 'global') {
          watched.comparisons++;
        }
      }
      const invocation = history.invocationOf(completion.index);
      if (observed.timestamp !== undefined && completion.f !== 'read-at' && invocation !== undefined) {
        judgeTimestamp(watched, { value: observed.timestamp, invocation, completion }, findings);
      }
    }
    judgeTimed(watched, findings);
    const vacuous =
      watched.observations === 0
        ? 'nothing that grows was ever read, so nothing was judged: run longer, or with fewer faults'
        : 'nobody saw anything that grows twice, so nothing was judged: run longer, or with fewer faults';
    return {
      statistics: {
        scope,
        streams: greatestAtInvocation.streams,
        observations: watched.observations,
        comparisons: watched.comparisons,
      },
      unknownBecause: watched.observations === 0 || watched.comparisons === 0 ? vacuous : undefined,
    };
  });
}

const describeStream = ({ stream }: Observation): string => (stream === '' ? 'the value' : stream);

function judgeProcess(watched: Watched, observation: Observation, findings: Findings): void {
  const { last } = watched;
  const { completion, invocation, stream, value } = observation;
  const place = `${completion.process}/${stream}`;
  const before = last.get(place);
  last.set(place, observation);
  if (before !== undefined) watched.comparisons++;
  if (before === undefined || compareOrdered(before.value, value) <= 0) return;
  findings.add('non-monotonic-read', () => ({
    explanation:
      `Process ${completion.process} saw ${describeStream(observation)} go back: ${show(before.value)} in operation ` +
      `${before.completion.index}, then ${show(value)} in operation ${completion.index}.`,
    operations: indexesOf(before.invocation, before.completion, invocation, completion),
    picture: { kind: 'timeline', operations: indexesOf(before.invocation, invocation) },
  }));
}

/** The greatest value of each stream, as it was known at any index of the history. */
class GreatestByTime {
  /** By stream: in the order of completion, each greater than the one before. */
  readonly #records = new Map<string, Observation[]>();

  get streams(): number {
    return this.#records.size;
  }

  /** The greatest that had been answered before an index. */
  before(stream: string, index: number): Observation | undefined {
    const records = this.#records.get(stream) ?? [];
    let low = 0;
    let high = records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((records[middle] as Observation).completion.index < index) low = middle + 1;
      else high = middle;
    }
    return records[low - 1];
  }

  add(observation: Observation): void {
    const records = this.#records.get(observation.stream);
    const greatest = records?.at(-1);
    if (records === undefined) this.#records.set(observation.stream, [observation]);
    else if (greatest === undefined || compareOrdered(greatest.value, observation.value) < 0) {
      records.push(observation);
    }
  }
}

/** @returns whether there was an earlier one */
function judgeRealTime(
  greatest: GreatestByTime,
  observation: Observation,
  scope: 'process' | 'global',
  findings: Findings,
): boolean {
  const { completion, invocation, stream, value } = observation;
  const before = greatest.before(stream, invocation.index);
  greatest.add(observation);
  if (before === undefined || compareOrdered(before.value, value) <= 0) return before !== undefined;
  // Of the same process it is told already.
  if (before.completion.process === completion.process) return true;
  const describe = () => ({
    explanation:
      `Process ${completion.process} read ${show(value)} of ${describeStream(observation)} in operation ` +
      `${completion.index}, but process ${before.completion.process} had already seen ${show(before.value)} in operation ` +
      `${before.completion.index}, before that was invoked.`,
    operations: indexesOf(before.invocation, before.completion, invocation, completion),
    picture: { kind: 'timeline' as const, operations: indexesOf(before.invocation, invocation) },
  });
  if (scope === 'global') findings.add('stale-read', describe);
  else findings.addAllowed('stale-read', describe);
  return true;
}

function judgeTimestamp(watched: Watched, seen: Seen, findings: Findings): void {
  const { lastTimestamp } = watched;
  const { invocation, completion, value } = seen;
  const place = `${completion.process}/${invocation.key ?? ''}`;
  const before = lastTimestamp.get(place);
  lastTimestamp.set(place, seen);
  if (before !== undefined) watched.comparisons++;
  if (before === undefined || compareOrdered(before.value, value) <= 0) return;
  findings.add('non-monotonic-timestamp', () => ({
    explanation:
      `Process ${completion.process} saw timestamps go back: ${show(before.value)} in operation ` +
      `${before.completion.index}, then ${show(value)} in operation ${completion.index}.`,
    operations: indexesOf(before.invocation, before.completion, invocation, completion),
  }));
}

/** In the order of their timestamps, values must not decrease. Equal timestamps say nothing. */
function judgeTimed(watched: Watched, findings: Findings): void {
  const { timed } = watched;
  const byStream = Map.groupBy(timed, ({ observation }) => observation.stream);
  for (const points of byStream.values()) {
    watched.comparisons += points.length - 1;
    points.sort((a, b) => compareOrdered(a.timestamp, b.timestamp));
    let greatest: (typeof points)[number] | undefined;
    for (let i = 0; i < points.length;) {
      const instant = (points[i] as (typeof points)[number]).timestamp;
      let end = i;
      for (; end < points.length; end++) {
        const point = points[end] as (typeof points)[number];
        if (compareOrdered(point.timestamp, instant) !== 0) break;
        if (
          greatest !== undefined &&
          compareOrdered(greatest.observation.value, point.observation.value) > 0
        ) {
          reportReorder(greatest, point, findings);
        }
      }
      for (; i < end; i++) {
        const point = points[i] as (typeof points)[number];
        if (
          greatest === undefined ||
          compareOrdered(greatest.observation.value, point.observation.value) < 0
        ) {
          greatest = point;
        }
      }
    }
  }
}

function reportReorder(
  earlier: Watched['timed'][number],
  later: Watched['timed'][number],
  findings: Findings,
): void {
  const [a, b] = [earlier.observation, later.observation];
  findings.add('timestamp-reorder', () => ({
    explanation:
      `${describeStream(a)} was ${show(a.value)} at ${show(earlier.timestamp)} (operation ${a.completion.index}), but ` +
      `${show(b.value)} at the later ${show(later.timestamp)} (operation ${b.completion.index}).`,
    operations: indexesOf(a.invocation, a.completion, b.invocation, b.completion),
  }));
}
