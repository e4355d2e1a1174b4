/** The verdicts of the sample run (sample.ts): one of each kind that the report has to show. */
import type { Verdict } from '../../checkers/checker.ts';
import type { History } from '../../harness/history/history.ts';
import type { Json } from '../../harness/history/operation.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { VerdictWord } from './report-data.ts';

/** Keys of the sample run. */
export const KEYS = 6;

export function sampleVerdicts(
  verdict: VerdictWord,
  history: History,
  witness: readonly number[],
  trace: readonly TraceRecord[],
  nodes: readonly string[],
): readonly Verdict[] {
  const statistics = {
    operations: history.length,
    okShare: 0.91,
    leaderChanges: trace.filter(({ event }) => event.kind === 'role' && event.role === 'leader').length,
  };
  const passed = (checker: string, figures: Json): Verdict => ({
    checker,
    valid: true,
    anomalies: [],
    statistics: figures,
  });
  if (verdict === 'valid') {
    return [
      passed('linearizability', { algorithm: 'wing-gong', steps: 48_211, keys: KEYS }),
      passed('invariants', { events: trace.length }),
      passed('commit-loss', { acknowledged: 812 }),
      passed('statistics', statistics),
      { checker: 'vacuous', valid: true, anomalies: [] },
    ];
  }
  if (verdict === 'unknown') {
    return [
      passed('invariants', { events: trace.length }),
      {
        checker: 'linearizability',
        valid: 'unknown',
        reason: 'the time budget of 60 s was used up on key k2; try --check-time 600',
        anomalies: [],
      },
      {
        checker: 'vacuous',
        valid: 'unknown',
        reason: 'The history proves nothing: no write was ok in 277 attempts.',
        anomalies: [],
        statistics,
      },
    ];
  }
  const [write, read] = witness.map((index) => history.operations[index]);
  const told = (value: unknown): string => JSON.stringify(value ?? null);
  const leaders = trace.filter(({ event }) => event.kind === 'role' && event.role === 'leader').slice(2, 4);
  return [
    {
      checker: 'linearizability',
      valid: false,
      anomalies: [
        {
          name: 'nonlinearizable',
          explanation:
            `The read of ${told(write?.key)} by process ${told(read?.process)} returned ${told(read?.value)}, but the write of ` +
            `${told(write?.value)} by process ${told(write?.process)} had completed before that read was invoked, and nothing ` +
            `wrote ${told(read?.value)} again in between.`,
          operations: witness,
          evidence: { possibleStates: [write?.value ?? null], longestPrefix: 212 },
        },
      ],
      statistics: { algorithm: 'wing-gong', steps: 11_873, keys: KEYS },
    },
    {
      checker: 'invariants',
      valid: false,
      anomalies: [
        {
          name: 'two-leaders',
          explanation: `Both ${nodes.slice(2, 4).join(' and ')} said that they lead term 3 (Raft paper, section 5.2: election safety).`,
          operations: [],
          evidence: { events: leaders as unknown as Json },
        },
      ],
    },
    {
      checker: 'commit-loss',
      valid: 'unknown',
      reason: 'the trace of n4 ends before the final reads',
      anomalies: [],
    },
    passed('statistics', statistics),
  ];
}
