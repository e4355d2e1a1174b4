/**
 * Observed runs of a few lines, for tests.
 *
 *     runOf({
 *       nodes: ['n1', 'n2'],
 *       leaders: [[0, 't0-0', 'n1', 0], [6, 't0-0', 'n2', 1]],
 *       sends: [[5, 5.1, 't0-0'], [5.2, null, 't0-0']],
 *       faults: [[5, 8, 'kill', ['n1']]],
 *       healS: 10,
 *     })
 *
 * Times are seconds.
 */
import type { Verdict } from '../../../checkers/checker.ts';
import { History } from '../../history/history.ts';
import type { FaultEffect, Json, Operation } from '../../history/operation.ts';
import type { TraceRecord } from '../../history/trace.ts';
import { sToNs } from '../../units.ts';
import type { ObservedRun, TrafficSample } from '../observed-run.ts';

export interface MadeUpRun {
  readonly nodes?: readonly string[];
  /** When, partition, who, epoch. */
  readonly leaders?: readonly (readonly [number, string, string, number])[];
  /** Begun, acknowledged (null: never), partition; the value is the place in this list. */
  readonly sends?: readonly (readonly [number, number | null, string])[];
  /** Begun, ended (null: not before the healing), nemesis, nodes. */
  readonly faults?: readonly (readonly [number, number | null, string, readonly string[]])[];
  /** What polls returned after the healing, one after the other: by partition, values. */
  readonly finalPolls?: readonly (Readonly<Record<string, readonly number[]>> | null)[];
  readonly healS: number;
  readonly traffic?: readonly TrafficSample[];
  readonly verdicts?: readonly Verdict[];
  readonly trace?: readonly TraceRecord[];
}

type Draft = Omit<Operation, 'index' | 'time'> & { readonly atS: number };

export function runOf(made: MadeUpRun): ObservedRun {
  const { sends = [], faults = [], finalPolls = [], leaders = [], healS } = made;
  const drafts: Draft[] = [
    ...sends.flatMap(([begunS, acknowledgedS, partition], i): Draft[] => {
      const of = { process: i, f: 'send' };
      return [
        { ...of, atS: begunS, type: 'invoke', value: [['send', partition, i]] },
        acknowledgedS === null
          ? { ...of, atS: healS, type: 'info', value: [['send', partition, i]] }
          : { ...of, atS: acknowledgedS, type: 'ok', value: [['send', partition, [i, i]]] },
      ];
    }),
    ...faults.flatMap((fault, i) => faultDrafts(fault, i + 1)),
  ];
  const main = inOrder(drafts);
  const final = finalPolls.flatMap((polled, i): Draft[] => {
    const of = { process: 1000, f: 'poll' };
    const completion: Pick<Draft, 'type' | 'value'> =
      polled === null
        ? { type: 'fail', value: [['poll']] }
        : { type: 'ok', value: [['poll', withOffsets(polled)]] };
    return [
      { ...of, atS: healS + 1 + i, type: 'invoke', value: [['poll']] },
      { ...of, atS: healS + 1.5 + i, ...completion },
    ];
  });
  const operations = [...main, ...final].map(({ atS, ...rest }, index) => ({
    ...rest,
    index,
    time: sToNs(atS),
  }));
  return {
    nodes: made.nodes ?? ['n1', 'n2', 'n3'],
    history: new History(operations),
    trace: [
      ...leaders.map(([atS, partition, node, leaderEpoch]): TraceRecord => ({
        node,
        time: sToNs(atS),
        event: { kind: 'replica-role', partition, topicId: 'id', role: 'leader', leaderEpoch, leader: node },
      })),
      ...(made.trace ?? []),
    ],
    phases: {
      healTime: sToNs(healS),
      healIndex: main.length,
      finalTime: final.length === 0 ? null : sToNs(healS + 1),
      finalIndex: main.length,
      interruptTime: null,
    },
    traffic: made.traffic ?? [],
    verdicts: made.verdicts ?? [],
  };
}

const inOrder = (drafts: readonly Draft[]): Draft[] => [...drafts].sort((a, b) => a.atS - b.atS);

function faultDrafts(
  [begunS, endedS, fault, nodes]: NonNullable<MadeUpRun['faults']>[number],
  faultId: number,
): Draft[] {
  const of = { process: 'nemesis' as const, f: fault };
  const effect = (edge: FaultEffect['edge']): Json => ({
    faultId,
    fault,
    edge,
    nodes: ['n1', 'n2', 'n3'],
    description: '',
    parameters: {},
  });
  return [
    { ...of, atS: begunS, type: 'invoke', value: { fault, target: [...nodes] } },
    { ...of, atS: begunS, type: 'ok', value: effect('begin') },
    ...(endedS === null
      ? []
      : [
          { ...of, atS: endedS, type: 'invoke' as const, value: { fault } },
          { ...of, atS: endedS, type: 'ok' as const, value: effect('end') },
        ]),
  ];
}

const withOffsets = (polled: Readonly<Record<string, readonly number[]>>): Json =>
  Object.fromEntries(
    Object.entries(polled).map(([partition, values]) => [partition, values.map((value) => [value, value])]),
  );
