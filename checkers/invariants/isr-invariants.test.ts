/** Each invariant of ISR replication: a trace that breaks it, and near misses that do not. */
import { describe, expect, it } from 'vitest';
import { History } from '../../harness/history/history.ts';
import type { ReplicaEvent } from '../../harness/history/replica-trace.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { isrInvariants } from './isr-invariants.ts';
import { ISR_INVARIANTS } from './isr-rules.ts';

const OF = { partition: 't-0', topicId: 'id' };

/**
 * One record a line: `n1 start 0-5 hw=3`, `n1 lead 2`, `n1 follow 2`, `n1 isr 3 n1,n2`, `n1 isr 3 n1,n2 +n3`, `n1 append 0@1 1-2@1`, also
 * `0@1=7` with another hash, `n1 truncate 2`, `n1 hw 3`, `n1 log-start 2`, `n1 clean 4`, `n1 ack 0-1`, `n1 ack 0-1 acks=1`.
 */
function parse(text: string): TraceRecord[] {
  const epochs = new Map<string, number>();
  return text
    .trim()
    .split('\n')
    .map((line, time): TraceRecord => {
      const [node = '', kind = '', ...words] = line.trim().split(/\s+/);
      const event = parseEvent(kind, words, epochs.get(node) ?? 0);
      if (event.kind === 'replica-role') epochs.set(node, event.leaderEpoch);
      return { node, time, event };
    });
}

function parseEvent(kind: string, words: readonly string[], epoch: number): ReplicaEvent {
  const [first = '', second = '', third = ''] = words;
  const named = (name: string, absent: number): number =>
    Number(words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? absent);
  switch (kind) {
    case 'start': {
      const [logStartOffset = 0, logEndOffset = 0] = first.split('-').map(Number);
      return { kind: 'replica-start', ...OF, logStartOffset, logEndOffset, highWatermark: named('hw', 0) };
    }
    case 'lead':
      return {
        kind: 'replica-role',
        ...OF,
        role: 'leader',
        leaderEpoch: Number(first),
        leader: null,
        isUnclean: second === 'unclean',
      };
    case 'follow':
      return { kind: 'replica-role', ...OF, role: 'follower', leaderEpoch: Number(first), leader: null };
    case 'isr':
      return {
        kind: 'replica-isr',
        ...OF,
        partitionEpoch: Number(first),
        isr: second.split(','),
        proposed: third === '' ? null : third.slice(1).split(','),
      };
    case 'append':
      return { kind: 'replica-append', ...OF, batches: words.map(parseBatch) };
    case 'truncate':
      return { kind: 'replica-truncate', ...OF, endOffset: Number(first) };
    case 'log-start':
      return { kind: 'replica-log-start', ...OF, offset: Number(first) };
    case 'clean':
      return { kind: 'replica-clean', ...OF, endOffset: Number(first) };
    case 'hw':
      return { kind: 'replica-high-watermark', ...OF, offset: Number(first), leaderEpoch: epoch };
    case 'ack': {
      const [baseOffset = 0, lastOffset = baseOffset] = first.split('-').map(Number);
      return { kind: 'replica-acknowledge', ...OF, acks: named('acks', -1) as -1, baseOffset, lastOffset };
    }
    default:
      throw new Error(`unknown event ${kind}`);
  }
}

function parseBatch(word: string) {
  const [, base, last, leaderEpoch, hash] = /^(\d+)(?:-(\d+))?@(\d+)(?:=(\d+))?$/.exec(word) ?? [];
  const baseOffset = Number(base);
  return {
    baseOffset,
    lastOffset: Number(last ?? base),
    leaderEpoch: Number(leaderEpoch),
    hash: Number(hash ?? baseOffset + 100 * Number(leaderEpoch)),
  };
}

const NO_HISTORY = new History([]);

function judge(text: string, globalOrder = true): readonly string[] {
  const verdict = isrInvariants({ globalOrder }).check({ history: NO_HISTORY, trace: parse(text) });
  for (const { explanation } of verdict.anomalies) expect(explanation).toMatch(/t-0/);
  return [...new Set(verdict.anomalies.map(({ name }) => name))];
}

/** n1 leads epoch 1 with n2 and has exposed offsets 0 to 2; n2 has them. */
const EXPOSED = `
  n1 isr 1 n1,n2
  n1 lead 1
  n2 isr 1 n1,n2
  n2 follow 1
  n1 append 0@1 1-2@1
  n2 append 0@1 1-2@1
  n1 hw 3`;

const BROKEN: readonly (readonly [name: string, trace: string])[] = [
  ['two-leaders-in-an-epoch', 'n1 lead 1\n n2 lead 1'],
  ['leader-epoch-went-back', 'n1 lead 2\n n1 follow 1'],
  ['partition-epoch-went-back', 'n1 isr 2 n1\n n1 isr 1 n1,n2'],
  ['isr-redefined', 'n1 isr 2 n1\n n2 isr 2 n1,n2'],
  ['log-gap', 'n1 lead 1\n n1 append 0@1\n n1 append 2@1'],
  ['log-gap', 'n1 lead 1\n n1 append 0@1 1@1\n n1 append 1@1'],
  ['log-epoch-went-back', 'n1 follow 3\n n1 append 0@2 1@1'],
  ['batch-redefined', 'n1 lead 1\n n1 append 0@1\n n2 follow 1\n n2 append 0@1=9'],
  ['log-mismatch', 'n1 follow 3\n n1 append 0@1 1@3\n n2 follow 3\n n2 append 0@2 1@3'],
  [
    'log-mismatch',
    'n1 follow 3\n n1 append 0@1 1@2 2@3\n n1 log-start 1\n n2 follow 3\n n2 append 0@1 1@1 2@3',
  ],
  ['leader-truncated-own-log', 'n1 lead 1\n n1 append 0@1\n n1 truncate 0'],
  ['high-watermark-beyond-log', 'n1 isr 1 n1\n n1 lead 1\n n1 append 0@1\n n1 hw 2'],
  ['high-watermark-went-back', `${EXPOSED}\n n1 hw 2`],
  ['high-watermark-beyond-isr', 'n1 isr 1 n1,n2\n n1 lead 1\n n2 follow 1\n n1 append 0@1\n n1 hw 1'],
  // What is proposed counts, too.
  [
    'high-watermark-beyond-isr',
    'n1 isr 1 n1\n n1 lead 1\n n2 follow 1\n n1 isr 1 n1 +n1,n2\n n1 append 0@1\n n1 hw 1',
  ],
  ['joined-isr-early', `${EXPOSED}\n n3 follow 1\n n3 append 0@1\n n1 isr 1 n1,n2 +n1,n2,n3`],
  ['acknowledged-before-exposed', 'n1 isr 1 n1,n2\n n1 lead 1\n n1 append 0@1\n n1 ack 0'],
  ['exposed-record-truncated', `${EXPOSED}\n n2 follow 2\n n2 truncate 1`],
  ['leader-incomplete', `${EXPOSED}\n n3 follow 1\n n3 append 0@1\n n3 lead 2`],
  // The leader before does not know yet: what it exposes now the later one has not.
  [
    'leader-incomplete',
    `${EXPOSED}\n n3 follow 1\n n3 append 0@1 1-2@1\n n3 lead 2\n n1 append 3@1\n n2 append 3@1\n n1 hw 4`,
  ],
  [
    'exposed-records-differ',
    `n1 isr 1 n1\n n1 lead 1\n n1 append 0@1\n n3 isr 2 n3\n n3 lead 2\n n3 append 0@2\n n1 hw 1\n n3 hw 1`,
  ],
];

describe('a trace that breaks an invariant', () => {
  it.each(BROKEN)('%s', (name, trace) => {
    expect(judge(trace)).toContain(name);
  });

  it('each has one', () => {
    expect([...new Set(BROKEN.map(([name]) => name))].sort()).toEqual([...ISR_INVARIANTS.keys()].sort());
  });
});

describe('a near miss', () => {
  it.each([
    ['leaders of different epochs', 'n1 lead 1\n n2 lead 2'],
    ['the same leader hears of it again', 'n1 lead 1\n n1 lead 1'],
    ['an ISR told by two', 'n1 isr 2 n1,n2\n n2 isr 2 n2,n1'],
    ['a proposal at the same partition epoch', `${EXPOSED}\n n1 isr 1 n1,n2 +n1\n n1 isr 1 n1,n2`],
    [
      'a follower cuts what nobody exposed',
      `${EXPOSED}\n n1 append 3@1\n n1 follow 2\n n1 truncate 3\n n1 append 3@2`,
    ],
    ['a leader that has all', `${EXPOSED}\n n2 lead 2\n n2 append 3@2`],
    [
      'a high watermark that begins lower with a new leader',
      `${EXPOSED}\n n2 isr 2 n2\n n2 lead 2\n n2 hw 1\n n2 hw 3`,
    ],
    ['one who joins with all', `${EXPOSED}\n n3 follow 1\n n3 append 0@1 1-2@1\n n1 isr 1 n1,n2 +n1,n2,n3`],
    ['a leader of before that exposes what the later one has', `${EXPOSED}\n n2 lead 2\n n1 hw 3`],
    [
      'what is gone by policy',
      `${EXPOSED}\n n1 log-start 3\n n3 start 0-0\n n3 follow 1\n n3 truncate 3\n n3 lead 2`,
    ],
    [
      'a follower that has something else where the policy has taken what its leader had',
      'n1 follow 3\n n1 append 0@1 1@3\n n1 log-start 1\n n2 follow 3\n n2 append 0@2 1@3',
    ],
    ['acks=1', 'n1 isr 1 n1,n2\n n1 lead 1\n n1 append 0@1\n n1 ack 0 acks=1'],
    ['an acknowledgement behind the high watermark', `${EXPOSED}\n n1 ack 0-2`],
    ['a restart with everything', `${EXPOSED}\n n2 start 0-3 hw=2\n n2 lead 2`],
    [
      'a restart that forgets a truncation',
      `${EXPOSED}\n n1 append 3@1\n n2 append 3@1\n n2 follow 2\n n2 truncate 3\n n2 start 0-4 hw=3\n n2 follow 2\n n2 truncate 3\n n2 append 3@2`,
    ],
    ['a compacted log', `${EXPOSED}\n n1 clean 3\n n3 follow 1\n n3 append 1-2@1=77\n n3 lead 2`],
    [
      'an unclean election',
      `${EXPOSED}\n n3 follow 1\n n3 append 0@1\n n3 lead 2 unclean\n n3 isr 2 n3\n n3 append 1@2\n n3 hw 2`,
    ],
  ])('%s', (_what, trace) => {
    expect(judge(trace)).toEqual([]);
  });

  it('without the order of the run, members of the ISR may seem to be behind', () => {
    const trace = 'n1 isr 1 n1,n2\n n1 lead 1\n n1 append 0@1\n n1 hw 1\n n2 follow 1\n n2 append 0@1';
    expect(judge(trace)).toEqual(['high-watermark-beyond-isr']);
    expect(judge(trace, false)).toEqual([]);
  });
});

describe('what a restart loses', () => {
  it('is named where a later leader lacks it', () => {
    const trace = `${EXPOSED}\n n2 start 0-1 hw=0\n n2 lead 2`;
    const [anomaly] = isrInvariants().check({ history: NO_HISTORY, trace: parse(trace) }).anomalies;
    expect(anomaly?.explanation).toMatch(
      /^n2 leads t-0 in leader epoch 2 without offsets 1 to 2 of epoch 1, which n1 had exposed in leader epoch 1: its log ends at offset 1, after n2 restarted/,
    );
    expect(anomaly?.evidence).toMatchObject({ first: { node: 'n1' }, second: { node: 'n2' } });
  });
});

describe('a vacuous trace', () => {
  const write = new History([
    { index: 0, time: 0, process: 0, type: 'invoke', f: 'send', value: [['send', 't-0', 1]] },
    { index: 1, time: 1, process: 0, type: 'ok', f: 'send', value: [['send', 't-0', [0, 1]]] },
  ]);

  it('is unknown where something was acknowledged, and says nothing where nothing was', () => {
    const trace = parse('n1 lead 1');
    expect(isrInvariants().check({ history: write, trace }).valid).toBe('unknown');
    expect(isrInvariants().check({ history: write, trace: [] }).reason).toMatch(/no trace of replicas/);
    expect(isrInvariants().check({ history: NO_HISTORY, trace })).toMatchObject({
      valid: true,
      notes: ['Nothing was written to any partition.'],
    });
  });
});
