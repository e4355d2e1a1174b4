/**
 * The anomalies of a log by their definitions, in plain code over lists: slow, and independent of the checker's columns.
 *
 * It knows sends, polls, transactions, assign, seek, commit and committed, with the options' defaults, and no cycles.
 */
import type { History } from '../../../harness/history/history.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';

interface Send {
  readonly invoked: number;
  readonly completed: number;
  readonly isTransaction: boolean;
  readonly process: Operation['process'];
  readonly key: string;
  readonly value: Json;
  readonly outcome: 'ok' | 'fail' | 'info';
  readonly offset: number | null;
}

interface Read {
  readonly operation: number;
  readonly key: string;
  readonly value: Json;
  readonly offset: number | null;
}

/** Their names. */
export function referenceAnomalies(history: History, finalPolls = false): ReadonlySet<string> {
  const sends = sendsOf(history);
  const reads = readsOf(history);
  const found = new Set<string>();
  const tell = (name: string, is: boolean): void => void (is && found.add(name));

  const sendsOfValue = (key: string, value: Json) => sends.filter((s) => s.key === key && s.value === value);
  const readsOfValue = (key: string, value: Json) => reads.filter((r) => r.key === key && r.value === value);
  const isProved = (s: Send): boolean =>
    s.outcome === 'info' &&
    sendsOfValue(s.key, s.value).length === 1 &&
    readsOfValue(s.key, s.value).some((r) => r.operation !== s.completed);
  const isCommitted = (s: Send): boolean =>
    s.outcome === 'ok' || sends.some((other) => other.invoked === s.invoked && isProved(other));
  const committed = sends.filter(isCommitted);

  /** Every offset of a partition that is known to be taken. */
  const places = (key: string): number[] =>
    [...reads, ...committed]
      .filter((it) => it.key === key && it.offset !== null)
      .map(({ offset }) => offset as number)
      .filter((offset, i, all) => all.indexOf(offset) === i)
      .sort((a, b) => a - b);
  const placesOfValue = (key: string, value: Json): number[] =>
    places(key).filter((offset) =>
      [...reads, ...committed].some((it) => it.key === key && it.value === value && it.offset === offset),
    );
  const onlyPlace = (key: string, value: Json): number | null => {
    const all = placesOfValue(key, value);
    return all.length === 1 ? (all[0] as number) : null;
  };
  const placeOfRead = (r: Read): number | null => r.offset ?? onlyPlace(r.key, r.value);
  const placeOfSend = (s: Send): number | null => {
    if (isCommitted(s) && s.offset !== null) return s.offset;
    return s.outcome !== 'fail' && sendsOfValue(s.key, s.value).length === 1
      ? onlyPlace(s.key, s.value)
      : null;
  };
  const mustBeSeen = (key: string, offset: number): boolean => {
    const there = [...reads, ...committed].find((it) => it.key === key && it.offset === offset);
    const all = sendsOfValue(key, there?.value ?? null);
    return all.length === 0 || all.some(({ outcome }) => outcome !== 'fail');
  };
  const skips = (key: string, from: number, to: number): boolean =>
    places(key).some((offset) => offset > from && offset < to && mustBeSeen(key, offset));

  // Values.
  for (const r of reads) {
    const all = sendsOfValue(r.key, r.value);
    const isPhantom = readsOfValue(r.key, r.value).some((o) => !all.some((s) => s.invoked < o.operation));
    tell('phantom', isPhantom);
    tell('aborted-read', !isPhantom && all.every(({ outcome }) => outcome === 'fail'));
    tell(
      'inconsistent-offsets',
      reads.some((o) => o.key === r.key && o.offset !== null && o.offset === r.offset && o.value !== r.value),
    );
    tell(
      'precommitted-read',
      all.length === 1 && all[0]?.isTransaction === true && all[0].completed === r.operation,
    );
  }
  for (const s of [...sends, ...reads]) {
    const tries = sendsOfValue(s.key, s.value).filter(({ outcome }) => outcome !== 'fail').length;
    tell('duplicate', placesOfValue(s.key, s.value).length > Math.max(1, tries));
  }
  for (const s of committed) {
    if (s.offset === null) continue;
    const others = committed.filter((o) => o.key === s.key && o.offset === s.offset && o.value !== s.value);
    tell('inconsistent-offsets', others.length > 0);
    const there = reads.filter((r) => r.key === s.key && r.offset === s.offset);
    tell('content-mismatch', there.length > 0 && there.every(({ value }) => value !== s.value));
  }

  // Sends.
  for (const [i, s] of sends.entries()) {
    const at = placeOfSend(s);
    if (at === null || s.outcome === 'fail') continue;
    const shown = [
      ...reads.filter((r) => r.operation < s.invoked),
      ...sends.filter((o) => o.outcome === 'ok' && o.completed < s.invoked),
    ];
    tell(
      'realtime-inversion',
      shown.some((it) => it.key === s.key && it.offset !== null && it.offset > at),
    );
    const before = sends
      .slice(0, i)
      .findLast(
        (o) => o.process === s.process && o.key === s.key && o.outcome !== 'fail' && placeOfSend(o) !== null,
      );
    if (before === undefined || (placeOfSend(before) as number) <= at) continue;
    found.add(before.invoked === s.invoked ? 'int-nonmonotonic-send' : 'nonmonotonic-send');
  }

  // Polls.
  const starts = new Map<string, number>();
  const quiet = new Map<string, number>();
  for (const process of new Set(history.operations.map((operation) => operation.process))) {
    /** The last offset that was passed, where known; null where it may go on anywhere. */
    const positions = new Map<string, number | null>();
    /** By partition: how many polls there were when it was last heard of. */
    const heard = new Map<string, number>();
    const polls: number[] = [];
    let assigned: readonly string[] | undefined;
    let isOver = false;
    for (const operation of history.operations) {
      if (operation.process !== process || operation.type === 'invoke') continue;
      const { f, type, value } = operation;
      if (f === 'assign' && type !== 'fail') {
        const keys = value as readonly string[];
        assigned = keys;
        for (const key of [...positions.keys()]) if (!keys.includes(key)) positions.delete(key);
        for (const key of [...heard.keys()]) if (!keys.includes(key)) heard.delete(key);
        for (const key of keys) if (!heard.has(key)) heard.set(key, polls.length);
      } else if (f === 'seek' && type !== 'fail') {
        for (const [key, to] of Object.entries(value as Record<string, number | string>)) {
          positions.set(key, type !== 'ok' || to === 'end' ? null : (to as number) - 0.5);
          heard.delete(key);
        }
      } else if (f === 'poll' || f === 'txn') {
        if (type === 'ok') polls.push(history.invocationOf(operation.index)?.index as number);
        const own = reads.filter((r) => r.operation === operation.index);
        for (const key of new Set(own.map((r) => r.key))) {
          const got = own.filter((r) => r.key === key).map(placeOfRead);
          judgeStart(key, got[0] as number | null);
          got.forEach((at, i) => {
            const before = i === 0 ? null : (got[i - 1] as number | null);
            if (at === null || before === null) return;
            tell('int-nonmonotonic-poll', at <= before);
            tell('int-poll-skip', skips(key, before, at));
          });
          if (type !== 'ok') continue;
          positions.set(key, got.at(-1) as number | null);
          heard.set(key, polls.length);
        }
      }
      isOver = type === 'info';
      if (isOver) break;
    }
    if (isOver) continue;
    for (const [key, at] of heard) {
      if (polls.length - at < 3 || assigned?.includes(key) === false) continue;
      quiet.set(key, Math.max(quiet.get(key) ?? -1, polls.at(-3) as number));
    }

    function judgeStart(key: string, at: number | null): void {
      if (at === null) return;
      const position = positions.get(key);
      const next = places(key).find((offset) => offset > (position ?? -1)) ?? Infinity;
      const start = position === null ? at : Math.min(next, at);
      starts.set(key, Math.min(starts.get(key) ?? Infinity, start));
      if (position === undefined || position === null) return;
      tell('nonmonotonic-poll', at <= position);
      tell('poll-skip', skips(key, position, at));
    }
  }

  // Losses.
  const excused = new Map<string, number>();
  for (const s of committed) {
    const copies = placesOfValue(s.key, s.value).filter((offset) =>
      readsOfValue(s.key, s.value).some((r) => r.offset === offset),
    );
    const isUnique = sendsOfValue(s.key, s.value).length === 1;
    if (isUnique && readsOfValue(s.key, s.value).length > 0) continue;
    if (!isUnique) {
      if (s.offset !== null && copies.includes(s.offset)) continue;
      const isSomewhere =
        readsOfValue(s.key, s.value).length > 0 && placesOfValue(s.key, s.value).length === 0;
      if (isSomewhere) continue;
      const name = JSON.stringify([s.key, s.value]);
      const all = committed.filter((o) => o.key === s.key && o.value === s.value).length;
      const left = excused.get(name) ?? all - copies.length;
      excused.set(name, left - 1);
      if (left <= 0) continue;
    }
    const at = placeOfSend(s);
    const highest = Math.max(
      -1,
      ...reads
        .filter((r) => r.key === s.key)
        .map(placeOfRead)
        .map((place) => place ?? -1),
    );
    if (at !== null && at <= highest) tell('lost-write', at >= (starts.get(s.key) ?? Infinity));
    else if (s.outcome === 'ok') tell('unseen', finalPolls || (quiet.get(s.key) ?? -1) >= s.completed);
  }

  tell('committed-offset-regression', groupGoesBack(history));
  tell('committed-from-nowhere', groupMakesUp(history));
  return found;
}

/** Of one group whose members assign partitions to themselves: only what `committed` finds counts. */
function groupGoesBack(history: History): boolean {
  const calls = history.operations
    .filter(({ type, f }) => type === 'invoke' && (f === 'commit' || f === 'committed'))
    .map((invocation) => ({ invocation, completion: history.completionOf(invocation.index) }));
  const offsetOf = (operation: Operation | undefined, key: string): number | undefined =>
    (operation?.value as Record<string, number> | null | undefined)?.[key];
  const established = calls.filter(({ completion }) => completion?.type === 'ok');
  return ['x', 'y'].some((key) =>
    established.some(({ invocation, completion }) => {
      const offset = offsetOf(completion, key);
      const before = established
        .filter((it) => offsetOf(it.completion, key) !== undefined)
        .filter((it) => (it.completion?.index ?? Infinity) < invocation.index)
        .sort((a, b) => (a.completion?.index ?? 0) - (b.completion?.index ?? 0))
        .at(-1);
      if (offset === undefined || before === undefined) return false;
      if (offset >= (offsetOf(before.completion, key) as number)) return false;
      if (invocation.f === 'commit') return !isExcused(history, invocation, key);
      return !calls.some(
        (it) =>
          it.invocation.f === 'commit' &&
          it.completion?.type !== 'fail' &&
          offsetOf(it.invocation, key) === offset &&
          it.invocation.index < (completion?.index ?? Infinity) &&
          (it.completion?.type !== 'ok' || it.completion.index >= before.invocation.index),
      );
    }),
  );
}

/** A `committed` shows what no commit has sent, though one was accepted before it was asked. */
function groupMakesUp(history: History): boolean {
  const completionOf = ({ index }: Operation): Operation | undefined => history.completionOf(index);
  const invocations = (f: string): readonly Operation[] =>
    history.operations.filter((it) => it.type === 'invoke' && it.f === f);
  return ['x', 'y'].some((key) => {
    const shownBy = (it: Operation): number | undefined => (it.value as Record<string, number>)[key];
    const commits = invocations('commit').filter((it) => shownBy(it) !== undefined);
    const accepted = commits.map(completionOf).filter((it) => it?.type === 'ok');
    const answered = invocations('committed')
      .map((asked) => ({ asked, answer: completionOf(asked) }))
      .flatMap(({ asked, answer }) => {
        const offset = answer?.type === 'ok' ? shownBy(answer) : undefined;
        return answer === undefined || offset === undefined ? [] : [{ asked, answer, offset }];
      });
    const isJudged = ({ asked }: { readonly asked: Operation }): boolean =>
      accepted.some((it) => (it?.index ?? Infinity) < asked.index);
    return answered.filter(isJudged).some(({ answer, offset }) => {
      const isSent = commits.some((it) => it.index < answer.index && shownBy(it) === offset);
      const isFromBefore = answered.some(
        (it) => it.offset === offset && it.answer.index < answer.index && !isJudged(it),
      );
      return !isSent && !isFromBefore;
    });
  });
}

/** A process that assigns its partitions, or sought since it last committed, may commit less. */
function isExcused(history: History, invocation: Operation, key: string): boolean {
  const own = history.operations.filter(
    ({ process, type, index }) =>
      process === invocation.process &&
      type !== 'invoke' &&
      index < (history.completionOf(invocation.index)?.index ?? Infinity),
  );
  if (own.some(({ f }) => f === 'assign')) return true;
  const last = own.findLast(
    ({ f, type, value }) => f === 'commit' && type === 'ok' && Object.hasOwn(value as object, key),
  );
  return own.some(({ f, index }) => f === 'seek' && index > (last?.index ?? -1));
}

function sendsOf(history: History): Send[] {
  const sends: Send[] = [];
  for (const { type, index, process, value, f } of history.operations) {
    if (type !== 'invoke' || (f !== 'send' && f !== 'txn')) continue;
    const completion = history.completionOf(index);
    (value as readonly (readonly Json[])[]).forEach((micro, i) => {
      if (micro[0] !== 'send') return;
      const answer = (completion?.value as readonly (readonly Json[])[] | undefined)?.[i]?.[2];
      sends.push({
        invoked: index,
        completed: completion?.index ?? Infinity,
        isTransaction: f === 'txn',
        process,
        key: micro[1] as string,
        value: micro[2] as Json,
        outcome:
          completion === undefined || completion.type === 'info'
            ? 'info'
            : (completion.type as 'ok' | 'fail'),
        offset: Array.isArray(answer) && completion?.type !== 'fail' ? (answer[0] as number) : null,
      });
    });
  }
  return sends;
}

function readsOf(history: History): Read[] {
  const reads: Read[] = [];
  for (const { type, index, value, f } of history.operations) {
    if (type === 'invoke' || (f !== 'poll' && f !== 'txn')) continue;
    for (const micro of value as readonly (readonly Json[])[]) {
      if (micro[0] !== 'poll') continue;
      for (const [key, pairs] of Object.entries(
        (micro[1] ?? {}) as Record<string, [number | null, Json][]>,
      )) {
        for (const [offset, v] of pairs) reads.push({ operation: index, key, value: v, offset });
      }
    }
  }
  return reads;
}
