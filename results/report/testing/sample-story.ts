/** A made-up story, whose texts the system could have said: of two nodes and a client, with a fault and a broken promise. */
import type { StoryInput } from '../story-rows.ts';
import type { ReportInput } from '../collect-data.ts';
import { History } from '../../../harness/history/history.ts';
import type { Json, Operation } from '../../../harness/history/operation.ts';
import type { TraceEvent } from '../../../harness/history/trace.ts';
import { sampleRun } from '../sample.ts';

const MS = 1e6;

/** @param text - where the system speaks: a key, a value, an error, a message */
export function sampleStory(text = 'x'): ReportInput & { readonly story: StoryInput } {
  const base = sampleRun({ verdict: 'valid', operations: 10, hostile: false });
  const record = (time: number, node: string, event: TraceEvent) => ({ time: time * MS, node, event });
  const start = (votedFor: string | null) =>
    ({
      kind: 'start',
      term: 0,
      votedFor,
      firstIndex: 1,
      lastIndex: 0,
      lastTerm: 0,
      snapshotIndex: 0,
      voters: ['n1', 'n2'],
      entries: [],
    }) as const;
  const trace = [
    record(1, 'n1', start(null)),
    record(1.5, 'n2', start(null)),
    record(10, 'n1', { kind: 'role', role: 'leader', term: 1, leader: 'n1' }),
    record(21, 'n1', { kind: 'append', term: 1, entries: [{ index: 1, term: 1, hash: 7 }] }),
    record(22, 'n1', { kind: 'acknowledge', term: 1, index: 1 }),
    record(50, 'n1', { kind: 'stop', by: 'harness', reason: 'killed' }),
  ];
  const effect = {
    faultId: 1,
    fault: 'partition',
    edge: 'begin',
    nodes: ['n2'],
    description: `isolated n2 from n1 ${text}`,
    parameters: {},
  } satisfies Json;
  const operations: Operation[] = [
    { index: 0, time: 20 * MS, process: 0, type: 'invoke', f: 'write', key: text, value: text, node: 'n1' },
    { index: 1, time: 23 * MS, process: 0, type: 'ok', f: 'write', key: text, value: text, node: 'n1' },
    { index: 2, time: 30 * MS, process: 'nemesis', type: 'invoke', f: 'cut', value: {} },
    { index: 3, time: 30 * MS, process: 'nemesis', type: 'ok', f: 'cut', value: effect },
    { index: 4, time: 40 * MS, process: 1, type: 'invoke', f: 'read', key: text, value: null, node: 'n2' },
    { index: 5, time: 41 * MS, process: 1, type: 'ok', f: 'read', key: text, value: null, node: 'n2' },
    { index: 6, time: 45 * MS, process: 0, type: 'invoke', f: 'write', key: text, value: 2, node: 'n1' },
    {
      ...{ index: 7, time: 46 * MS, process: 0, type: 'fail', f: 'write', key: text, value: 2, node: 'n1' },
      error: { code: 'timeout', message: text },
    },
  ];
  return {
    ...base,
    test: { ...base.test, nodes: ['n1', 'n2'], concurrency: 2 },
    history: new History(operations),
    trace,
    valid: false,
    verdicts: [
      {
        checker: 'linearizability',
        valid: false,
        anomalies: [
          { name: 'nonlinearizable', explanation: `the read missed ${text}`, operations: [0, 1, 4, 5] },
        ],
      },
    ],
    story: {
      trace,
      messages: [
        {
          from: 'client-0',
          to: 'n1',
          sent: 20 * MS,
          arrived: 21 * MS,
          fate: 'arrived',
          text: `write ${text}`,
        },
        { from: 'n1', to: 'n2', sent: 21.5 * MS, arrived: null, fate: 'dropped', text: `append ${text}` },
        { from: 'n1', to: 'n2', sent: 22 * MS, arrived: 23 * MS, fate: 'arrived', text, isRoutine: true },
        { from: 'n1', to: 'client-0', sent: 22 * MS, arrived: 23 * MS, fate: 'arrived', text: 'ok' },
        { from: 'client-1', to: 'n2', sent: 40 * MS, arrived: 40.5 * MS, fate: 'arrived', text: 'read' },
        { from: 'n2', to: 'n1', sent: 40.6 * MS, arrived: null, fate: 'unseen', text: 'append' },
        { from: 'n2', to: 'n1', sent: 47 * MS, arrived: null, fate: 'unseen', text: 'after the break' },
      ],
    },
  };
}
