/**
 * Judges session guarantees: what each client may rely on whatever node it talks to, however stale the rest is.
 *
 *     session 1: write 5 ok · read → 4, older: it lost read-your-writes
 *     session 2: read → 5 · read → 4: it lost monotonic reads
 *
 * On registers (`read`, `write`, `cas`) versions are known by their values, which must be unique on each key. Which is the
 * newer of two is known from the positions of their writes where the system reports them. Where it does not, the checker asks
 * whether any order fits all sessions: obligations that contradict each other are anomalies, but a guarantee of which
 * nothing could be decided is unknown, and so is the verdict. With `versionOrder: 'values'` greater numbers are newer, where
 * they were written in increasing order, one after the other. On lists (`append`, `read`) everything can be decided.
 *
 * Guarantees are judged key by key; across keys see the causal checkers. A session is a process, or with `sessions: 'thread'`
 * a thread, that goes on with a new process after an operation of unknown outcome. How many threads there were has to be said:
 * a guess too low would make one session of two. A history that contradicts it is refused.
 *
 * Anomalies: the four guarantees by name, each with the session that lost it; `incoherent-order` (one of several was lost);
 * `cyclic-versions` (the system contradicts itself); `garbage-read`, `aborted-read`, `future-read`, `malformed-read`.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { Findings, isArray } from '../findings/findings.ts';
import { Pace } from '../findings/pace.ts';
import { collectRegisters, rankByValue, trustPositions } from './collect-registers.ts';
import { Accounts, type Guarantee, GUARANTEES } from './guarantees.ts';
import { judgeLists } from './judge-lists.ts';
import { isFullyRanked, judgeRanked } from './judge-ranked.ts';
import { judgeUnranked } from './judge-unranked.ts';

const NAME = 'sessions';

export interface SessionsOptions {
  /** Which to judge; all four by default. */
  readonly guarantees?: readonly Guarantee[];
  /** A process (default), which ends with the first operation of unknown outcome, or the thread that it runs in. */
  readonly sessions?: 'process' | 'thread';
  /** How many threads ran, for `sessions: 'thread'`: process ids are equal modulo this. */
  readonly threads?: number;
  /** What a register holds before the first write; null by default. */
  readonly initial?: Json;
  /** `positions` (default): newer is what has the greater position. `values`: newer is the greater number. */
  readonly versionOrder?: 'positions' | 'values';
}

interface Figures {
  keys: number;
  /** Keys whose versions have a known order. */
  ordered: number;
  /** Keys with a value that was written twice. */
  ambiguous: number;
}

export function sessions(options: SessionsOptions = {}): Checker {
  const sessionOf = sessionNumbers(options);
  return {
    name: NAME,
    check: (input) => {
      const { history } = input;
      const findings = new Findings();
      const accounts = new Accounts(options.guarantees ?? GUARANTEES, findings);
      const pace = new Pace(input, history.length);
      const figures: Figures = { keys: 0, ordered: 0, ambiguous: 0 };
      const { threads } = options;
      if (options.sessions === 'thread' && threads !== undefined) checkThreads(history, threads);
      const isOfLists = holdsLists(history);
      if (isOfLists) {
        figures.keys = figures.ordered = judgeLists(history, sessionOf, accounts, findings, pace);
      } else {
        judgeRegisters(history, options, sessionOf, accounts, figures, pace);
      }
      return findings.conclude(NAME, {
        statistics: { ...figures, guarantees: accounts.toJson() },
        unknownBecause: pace.reason ?? describeUnknown(accounts, figures),
      });
    },
  };
}

/** Somebody appends; or nobody writes anything, and what is read is a list. */
function holdsLists(history: History): boolean {
  let isList = false;
  for (const { process, type, f, value } of history.operations) {
    if (process === 'nemesis') continue;
    if (f === 'append') return true;
    if (f !== 'read') return false;
    if (type === 'ok' && value !== null && isArray(value)) isList = true;
  }
  return isList;
}

function sessionNumbers({
  sessions: by = 'process',
  threads,
}: SessionsOptions): (operation: Operation) => number {
  if (by === 'process') return ({ process }) => Number(process);
  if (threads === undefined || !Number.isSafeInteger(threads) || threads < 1) {
    throw new HarnessError('usage', 'sessions by thread need the number of threads: set the option threads');
  }
  return ({ process }) => Number(process) % threads;
}

/**
 * A thread runs one process after another.
 *
 * @throws HarnessError `bad-history` when the history shows that there were more threads: sessions that were taken for one
 * would seem to lose guarantees
 */
function checkThreads(history: History, threads: number): void {
  const latest = new Map<number, Operation>();
  for (const operation of history.operations) {
    const { process, type, index } = operation;
    if (process === 'nemesis' || type !== 'invoke') continue;
    const last = latest.get(process % threads);
    latest.set(process % threads, operation);
    if (last === undefined || last.process === process) continue;
    const end = history.completionOf(last.index);
    const isOver = end === undefined || (end.type === 'info' && end.index < index);
    if (Number(last.process) < process && isOver) continue;
    throw new HarnessError(
      'bad-history',
      `operation ${index}: with ${threads} threads, process ${process} would follow process ${last.process} in one thread, but ` +
        `that one did not end with operation ${last.index}: set the option threads to their number`,
    );
  }
}

function judgeRegisters(
  history: History,
  { initial = null, versionOrder = 'positions' }: SessionsOptions,
  sessionOf: (operation: Operation) => number,
  accounts: Accounts,
  figures: Figures,
  pace: Pace,
): void {
  const registers = collectRegisters(history, initial, sessionOf, accounts.findings, pace);
  for (const register of registers.values()) {
    if (pace.spend(register.steps.length)) return;
    figures.keys++;
    if (register.ambiguous !== undefined) {
      figures.ambiguous++;
      continue;
    }
    if (versionOrder === 'values') rankByValue(history, register);
    else trustPositions(register);
    if (isFullyRanked(register)) {
      figures.ordered++;
      judgeRanked(history, register, accounts);
    } else {
      judgeUnranked(history, register, accounts, sessionOf);
    }
  }
}

function describeUnknown(accounts: Accounts, { keys, ambiguous }: Figures): string | undefined {
  const unknown = accounts.judged.flatMap((guarantee) => {
    const { valid, reason } = accounts.status(guarantee);
    return valid === 'unknown' ? [`${guarantee} (${reason ?? ''})`] : [];
  });
  if (ambiguous > 0) {
    return `${ambiguous} of ${keys} keys were not judged, since a value was written to them twice: write unique values`;
  }
  if (unknown.length === 0) return undefined;
  return `${unknown.join(', ')} could not be judged: record positions, append to lists, or ask for the other guarantees only`;
}
