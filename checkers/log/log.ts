/**
 * Judges partitioned, totally ordered logs such as Kafka's: sends, polls and transactions of them; shapes.ts says what
 * the operations look like.
 *
 *     send 7 to x → offset 3 · send 8 to x → offset 4
 *     poll → {x: [[4, 8]]} by one who had come to offset 2: poll-skip, and lost-write if nobody ever polls 7
 *
 * It takes a history in once, into columns (ledger.ts), puts sends and records in their places (logs.ts), and then
 * judges values, losses, sends, polls, committed offsets and cycles, each in one pass. Offsets may be as sparse as they
 * like. Anomalies that the options allow are told apart (allowance.ts). Real time is the order of the history.
 *
 * It does not look into brokers: what nobody polled and nobody acknowledged is not there.
 */
import type { History } from '../../harness/history/history.ts';
import type { CheckInput, Checker, Verdict } from '../checker.ts';
import { Pace } from '../findings/pace.ts';
import { judgeCycles } from './cycles.ts';
import type { CycleSearchOutcome } from './cycles.ts';
import { LogFindings } from './findings.ts';
import { judgeGroups, judgeWatermarks } from './groups.ts';
import { Judgement } from './judgement.ts';
import { Ledger } from './ledger.ts';
import { Logs } from './logs.ts';
import { judgeLosses } from './losses.ts';
import { withDefaults } from './options.ts';
import type { LogOptions } from './options.ts';
import { judgePolls } from './polls.ts';
import { judgeSends } from './sends.ts';
import { logStatistics } from './statistics.ts';
import { judgeValues } from './values.ts';

const NAME = 'log';

/** Rows that all passes look at, for each operation of the history: about. */
const ROWS_PER_OPERATION = 8;

/** @throws HarnessError (from `check`) `bad-history` for operations of other shapes */
export function log(options: Partial<LogOptions> = {}): Checker {
  return { name: NAME, check: (input) => check(input, options) };
}

function check(input: CheckInput, given: Partial<LogOptions>): Verdict {
  const { history } = input;
  const pace = new Pace(input, history.length * ROWS_PER_OPERATION);
  const ledger = takeIn(history, pace);
  const options = withDefaults(given, ledger.otherFunctions);
  const findings = new LogFindings(options);
  // A judge that stops in the middle has told violations only, but perhaps not all.
  const overdue = (during: string): Verdict =>
    findings.conclude(NAME, { statistics: { overdueDuring: during }, unknownBecause: pace.reason });
  if (pace.isOverdue) return overdue('the history');
  const logs = new Logs(ledger, options, pace);
  if (pace.isOverdue) return overdue('offsets');
  const judgement = new Judgement(ledger, logs, findings, options, pace);
  let unread: Int32Array = new Int32Array(0);
  let cycles: CycleSearchOutcome = { statistics: null };
  const passes: readonly (readonly [name: string, judge: () => void])[] = [
    ['values', () => judgeValues(judgement)],
    ['sends', () => judgeSends(judgement)],
    [
      'polls',
      () => {
        const progress = judgePolls(judgement);
        if (!pace.isOverdue) unread = judgeLosses(judgement, progress);
      },
    ],
    ['committed offsets', () => judgeGroups(judgement)],
    ['watermarks', () => judgeWatermarks(judgement)],
    ['cycles', () => (cycles = judgeCycles(judgement))],
  ];
  for (const [name, judge] of passes) {
    judge();
    if (pace.isOverdue) return overdue(name);
  }
  return findings.conclude(NAME, {
    statistics: logStatistics(judgement, unread, cycles.statistics),
    unknownBecause: whyVacuous(ledger) ?? cycles.unknownBecause,
  });
}

function takeIn(history: History, pace: Pace): Ledger {
  const ledger = new Ledger(history);
  for (const operation of history.operations) {
    const before = ledger.readValue.length;
    ledger.add(operation);
    if (pace.spend(1 + ledger.readValue.length - before)) break;
  }
  return ledger;
}

function whyVacuous(ledger: Ledger): string | undefined {
  const advice = 'so nothing was judged: run longer, or with fewer faults';
  if (ledger.acknowledgedSends === 0) return `no send was acknowledged, ${advice}`;
  if (ledger.readValue.length === 0) return `no poll returned a record, ${advice}`;
  return undefined;
}
