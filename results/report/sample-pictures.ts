/** A made-up history with a picture of each kind, and an anomaly that the options allow: for tests and for work on the report. */
import type { Verdict } from '../../checkers/checker.ts';
import { History } from '../../harness/history/history.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { ReportInput } from './collect-data.ts';

type Step = readonly [process: number, type: Operation['type'], f: string, value: Json];

const stepsWith = (written: Json): readonly Step[] => [
  [0, 'invoke', 'write', 1],
  [1, 'invoke', 'cas', [1, 2]],
  [0, 'ok', 'write', 1],
  [2, 'invoke', 'read', null],
  [1, 'ok', 'cas', [1, 2]],
  [3, 'invoke', 'write', written],
  [0, 'invoke', 'read', null],
  [2, 'ok', 'read', 2],
  [0, 'ok', 'read', 1],
  [3, 'info', 'write', written],
  [1, 'invoke', 'cas', [1, 9]],
  [1, 'fail', 'cas', [1, 9]],
];

/**
 * @param hostile - a text that tries to break out of the page, put wherever a checker puts words
 * @param written - by the one that timed out
 */
export function samplePictures(hostile = '', written: Json = 7): ReportInput {
  const operations = stepsWith(written).map(([process, type, f, value], index): Operation => ({
    ...{ index, time: index * 1_000_000, process, type, f, key: 'x', value },
    ...(type === 'info' ? { error: { code: 'timeout' } } : {}),
  }));
  const verdicts: readonly Verdict[] = [
    {
      checker: 'linearizability',
      valid: false,
      anomalies: [
        {
          name: 'nonlinearizable',
          explanation: 'The read by process 0 returned 1 after another read had begun that saw 2.',
          operations: [0, 1, 3, 6],
          picture: {
            kind: 'timeline',
            operations: [0, 1, 3, 5, 6, 10],
            order: [0, 1, 3],
            arrows: [
              { from: 1, to: 3, label: `read 2 of${hostile}` },
              { from: 0, to: 6, label: 'read 1 of' },
            ],
          },
          morePictures: [
            {
              kind: 'linearization',
              operations: [0, 1, 3, 5, 6],
              before: { count: 2, state: `0${hostile}` },
              partials: [
                [
                  { operation: 0, state: '1' },
                  { operation: 1, state: `2${hostile}` },
                  { operation: 3, state: '2' },
                ],
                [
                  { operation: 5, state: '7' },
                  { operation: 0, state: '1' },
                ],
              ],
              stuck: 6,
            },
          ],
        },
      ],
    },
    {
      checker: 'list-append',
      valid: false,
      anomalies: [
        {
          name: 'G-single',
          explanation: 'T1 appended 5 to x, T2 read x without it, and T1 saw what T2 wrote to y.',
          operations: [0, 1],
          picture: {
            kind: 'graph',
            nodes: [
              { label: `T1: append x 5, read y [3]${hostile}`, operation: 0 },
              { label: 'T2: read x [], append y 3', operation: 1 },
            ],
            edges: [
              { from: 0, to: 1, label: 'wr y 3' },
              { from: 1, to: 0, label: 'rw x 5' },
            ],
          },
        },
        {
          name: 'G0',
          explanation: 'Five transactions overwrite each other in a circle.',
          operations: [0, 1, 3, 5],
          picture: {
            kind: 'graph',
            nodes: ['T1', 'T2', 'T3', 'T4', 'T5'].map((label) => ({ label })),
            edges: [0, 1, 2, 3, 4].map((from) => ({ from, to: (from + 1) % 5, label: `ww k${from}` })),
          },
        },
      ],
    },
    {
      checker: 'log',
      valid: false,
      anomalies: [
        {
          name: 'lost-write',
          explanation: 'Offset 8 of p0 was acknowledged to process 0, and every poll passed over it.',
          operations: [0, 6],
          picture: {
            kind: 'sequence',
            columns: ['6', '7', '8', '9', '10', '11'],
            rows: [
              { label: `sent${hostile}`, cells: ['21', '22', '23', '24', null, '25'], operation: 0 },
              { label: 'polled by 1', cells: ['21', '22', null, '24', null, null], wrong: [2], operation: 6 },
              { label: 'polled by 2', cells: [null, '22', null, '25', null, null], wrong: [2, 3] },
            ],
          },
        },
      ],
      allowed: [
        {
          name: 'duplicate',
          explanation: `Value 22 came twice, which producers without idempotence may do.${hostile}`,
          operations: [0],
        },
      ],
    },
  ];
  const beliefs: Verdict = {
    checker: 'invariants',
    valid: false,
    anomalies: [
      {
        name: 'two-leaders-in-a-term',
        explanation: 'n2 and n1 led in term 3.',
        operations: [],
        picture: {
          kind: 'sequence',
          caption: `What each node believed${hostile}`,
          columns: ['n2', `n1${hostile}`, 'committed'],
          rows: [
            { label: 'role', cells: ['leader, term 3', 'leader, term 3', null], wrong: [0, 1] },
            { label: 'index 7', cells: ['term 3 #9b01', 'term 2 #41cc ✓', 'term 2 #41cc'], wrong: [0] },
          ],
        },
      },
    ],
  };
  return {
    test: {
      file: `store/demo/history.edn${hostile}`,
      judge: 'list-append',
      format: 'jepsen-edn',
      commandLine: 'shaketable check store/demo/history.edn --report report.html',
    },
    history: new History(operations),
    verdicts: [...verdicts, beliefs],
    trace: [],
  };
}
