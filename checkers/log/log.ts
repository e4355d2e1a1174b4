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
import type { CheckInput, Checker, Verdict } from '../checker.ts';
import { Findings } from './findings.ts';
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

/** Operations between two looks at whether time is up. */
const OVERDUE_INTERVAL = 16_384;

/** Taking the history in is about this share of the work. */
const INTAKE_SHARE = 0.5;

/** @throws HarnessError (from `check`) `bad-history` for operations of other shapes */
export function log(options: Partial<LogOptions> = {}): Checker {
  return { name: NAME, check: (input) => check(input, options) };
}

function check(input: CheckInput, given: Partial<LogOptions>): Verdict {
  const { history } = input;
  const options = withDefaults(given, history);
  const ledger = new Ledger(history);
  let taken = 0;
  for (const operation of history.operations) {
    ledger.add(operation);
    if (++taken % OVERDUE_INTERVAL !== 0) continue;
    input.onProgress?.((INTAKE_SHARE * taken) / history.length);
    if (input.isOverdue?.() === true) {
      return overdue([], `${taken} of ${history.length} operations were read`);
    }
  }
  const logs = new Logs(ledger, options);
  const findings = new Findings(options);
  const judgement = new Judgement(ledger, logs, findings, options);
  let unread = new Int32Array(0);
  const stages: readonly (() => void)[] = [
    () => judgeValues(judgement),
    () => judgeSends(judgement),
    () => (unread = judgeLosses(judgement, judgePolls(judgement))),
    () => judgeGroups(judgement),
    () => judgeWatermarks(judgement),
  ];
  for (const [done, stage] of stages.entries()) {
    input.onProgress?.(INTAKE_SHARE + ((1 - INTAKE_SHARE) * done) / stages.length);
    if (input.isOverdue?.() === true) {
      return overdue(findings.anomalies, `${done} of ${stages.length} passes were made`);
    }
    stage();
  }
  const { anomalies, allowed } = findings;
  const statistics = logStatistics(judgement, unread);
  const verdict = { checker: NAME, anomalies, allowed, statistics };
  if (anomalies.length > 0) return { ...verdict, valid: false };
  const reason = whyVacuous(ledger);
  return reason === undefined ? { ...verdict, valid: true } : { ...verdict, valid: 'unknown', reason };
}

/** What was found so far is found: only the rest is unknown. */
function overdue(anomalies: Verdict['anomalies'], howFar: string): Verdict {
  if (anomalies.length > 0) return { checker: NAME, valid: false, anomalies };
  const reason = `The time budget ended when ${howFar}: allow more time.`;
  return { checker: NAME, valid: 'unknown', reason, anomalies };
}

function whyVacuous(ledger: Ledger): string | undefined {
  const advice = 'so nothing was judged: run longer, or with fewer faults';
  if (ledger.acknowledgedSends === 0) return `no send was acknowledged, ${advice}`;
  if (ledger.readValue.length === 0) return `no poll returned a record, ${advice}`;
  return undefined;
}
