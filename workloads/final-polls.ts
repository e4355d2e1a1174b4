/**
 * The end of a run on logs: every thread reads every partition from its beginning to its end.
 *
 *     assign {"t0-0": "beginning"} · list-offsets → {"t0-0": {low: 0, high: 7}} · poll · … · poll, poll, poll → nothing more
 *
 * It goes on until the high watermarks are reached and three polls found nothing more; those are what convicts: a consumer that
 * asked again and again, to the end, and did not get what was acknowledged (`unseen`, see checkers/log/polls.ts). A thread that
 * gets no answers, or never comes to the end, gives up in time, and convicts nobody.
 */
import { isMap } from '../checkers/findings/findings.ts';
import { delay, eachThread, type Generator } from '../harness/generator/index.ts';
import type { Operation } from '../harness/history/operation.ts';
import { follow } from './follow.ts';
import { polledIn } from './partitions.ts';
import { asked } from './until-ok.ts';

/** Between two operations of a thread, so that an election can end meanwhile. */
const PAUSE_S = 0.2;
/** Polls without a record after which the end is believed. */
const QUIET_POLLS = 3;
/**
 * So often in a row a thread may get nothing, or no answer, before it gives up: with the pauses and the waiting of polls, longer
 * than an election, and than a coordinator takes to abort a transaction that nobody ends.
 */
const IDLE_MAX = 60;
/** Longer than a coordinator takes to be found again, and to read its log. */
const COMMITTED_ATTEMPTS = 60;

interface Reader {
  readonly isAssigned: boolean;
  /** High watermarks as they were when the final polls began; null before that is known. */
  readonly ends: ReadonlyMap<string, number> | null;
  readonly reached: ReadonlyMap<string, number>;
  /** Polls in a row that were ok and returned nothing. */
  readonly quiet: number;
  /** Operations in a row that brought nothing. */
  readonly idle: number;
}

const NOBODY: Reader = { isAssigned: false, ends: null, reached: new Map(), quiet: 0, idle: 0 };

/** Every thread asks what the group has committed, until it is told: what went back for a while is made good, or is lost. */
export function finalCommitted(keys: readonly string[]): Generator {
  const question = { f: 'committed', value: [...keys] };
  return eachThread(asked(question, { attempts: COMMITTED_ATTEMPTS, pauseS: PAUSE_S }));
}

/** @param keys - asked for when the final polls begin */
export function finalPolls(keys: () => readonly string[]): Generator {
  const everything = () => Object.fromEntries(keys().map((key) => [key, 'beginning']));
  return eachThread(
    delay(
      PAUSE_S,
      follow<Reader>({
        initial: NOBODY,
        propose: (reader) => {
          if (keys().length === 0 || reader.idle >= IDLE_MAX || isDone(reader)) return null;
          if (!reader.isAssigned) return { f: 'assign', value: everything() };
          if (reader.ends === null) return { f: 'list-offsets', value: [...keys()] };
          return { f: 'poll', value: [['poll']] };
        },
        observe,
      }),
    ),
  );
}

function isDone({ ends, reached, quiet }: Reader): boolean {
  if (ends === null || quiet < QUIET_POLLS) return false;
  return [...ends].every(([key, end]) => (reached.get(key) ?? 0) >= end);
}

function observe(reader: Reader, event: Operation): Reader {
  const { type, f } = event;
  const idle = reader.idle + 1;
  if (type === 'invoke') return reader;
  // Another client, which begins anew.
  if (type === 'info') return { ...NOBODY, ends: reader.ends, idle };
  if (type === 'fail') return { ...reader, quiet: 0, idle };
  if (f === 'assign') return { ...reader, isAssigned: true };
  if (f === 'list-offsets') return { ...reader, ends: endsOf(event) };
  if (f !== 'poll') return reader;
  const { next } = polledIn(event);
  if (next.size === 0) return { ...reader, quiet: reader.quiet + 1, idle };
  return { ...reader, reached: new Map([...reader.reached, ...next]), quiet: 0, idle: 0 };
}

/** Empty logs have no end that could be reached. */
function endsOf({ value }: Operation): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const [key, marks] of Object.entries(isMap(value) ? value : {})) {
    if (!isMap(marks)) continue;
    const { low, high } = marks;
    if (typeof high === 'number' && high > Number(low ?? 0)) ends.set(key, high);
  }
  return ends;
}
