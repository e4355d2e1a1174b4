import { describe, expect, it } from 'vitest';
import type { TraceEvent, TraceRecord } from '../../harness/history/trace.ts';
import { IsrInvariants } from './isr-invariants.ts';
import { RaftInvariants } from './raft-invariants.ts';

let time = 0;
const said = (node: string, event: TraceEvent): TraceRecord => ({ node, time: (time += 1000), event });
const started = (node: string): TraceRecord =>
  said(node, {
    ...{ kind: 'start', term: 0, votedFor: null, firstIndex: 1, lastIndex: 0, lastTerm: 0 },
    ...{ snapshotIndex: 0, voters: ['n1', 'n2', 'n3'], entries: [] },
  });
const entry = (index: number, term: number, hash: number) => ({ index, term, hash });

describe('raftSides', () => {
  it('an acknowledgement before the commit: who believed what at that index, and the rest of the nodes', () => {
    const monitor = new RaftInvariants({ globalOrder: true });
    const records = [
      ...['n1', 'n2', 'n3'].map(started),
      said('n1', { kind: 'role', role: 'leader', term: 1, leader: 'n1' }),
      said('n1', { kind: 'append', term: 1, entries: [entry(1, 1, 0xabcd), entry(2, 1, 0x12345)] }),
      said('n2', { kind: 'append', term: 1, entries: [entry(1, 1, 0xabcd)] }),
      said('n1', { kind: 'acknowledge', term: 1, index: 2 }),
    ];
    const found = records.map((record) => monitor.observe(record)).filter((anomaly) => anomaly !== undefined);
    const anomaly = found.find(({ name }) => name === 'acknowledged-before-commit');
    const { picture } = anomaly ?? {};
    expect(picture).toMatchObject({ kind: 'sequence', columns: ['n1', 'n2', 'n3', 'committed'] });
    const rows = picture?.kind === 'sequence' ? picture.rows : [];
    expect(rows.map(({ label, cells, wrong }) => [label, cells, wrong])).toEqual([
      ['role', ['leader, term 1', 'follower, term 1', 'follower, term 0', null], []],
      ['vote on disk', ['nobody, term 0', 'nobody, term 0', 'nobody, term 0', null], []],
      ['log ends at', ['index 2', 'index 1', 'index 0', null], []],
      ['durable up to', ['index 0', 'index 0', 'index 0', null], []],
      ['commit index', ['0', '0', '0', null], [0]],
      ['index 1', ['term 1 #abcd', 'term 1 #abcd', null, null], []],
      ['index 2', ['term 1 #2345', null, null, null], []],
      ['index 3', [null, null, null, null], []],
    ]);
  });

  it('two leaders in a term: both are marked', () => {
    const monitor = new RaftInvariants({ globalOrder: true });
    const lead = (node: string): TraceRecord =>
      said(node, { kind: 'role', role: 'leader', term: 2, leader: node });
    const found = [started('n1'), started('n2'), lead('n1'), lead('n2')].map((record) =>
      monitor.observe(record),
    );
    const picture = found.at(-1)?.picture;
    expect(picture?.kind === 'sequence' && picture.columns).toEqual(['n2', 'n1', 'committed']);
    expect(picture?.kind === 'sequence' && picture.rows[0]).toEqual({
      label: 'role',
      cells: ['leader, term 2', 'leader, term 2', null],
      wrong: [0, 1],
    });
  });
});

describe('isrSides', () => {
  it('a replica that removes what was exposed lacks it; beside it who has it', () => {
    const monitor = new IsrInvariants({ globalOrder: true });
    const of = { partition: 't0-0', topicId: 'a' };
    const batch = { baseOffset: 0, lastOffset: 0, leaderEpoch: 0, hash: 0xbeef };
    const begin = (node: string): TraceRecord =>
      said(node, { ...of, kind: 'replica-start', logStartOffset: 0, logEndOffset: 0, highWatermark: 0 });
    const records = [
      begin('n1'),
      begin('n2'),
      said('n1', { ...of, kind: 'replica-role', role: 'leader', leaderEpoch: 0, leader: 'n1' }),
      said('n1', { ...of, kind: 'replica-isr', partitionEpoch: 0, isr: ['n1', 'n2'], proposed: null }),
      said('n2', { ...of, kind: 'replica-role', role: 'follower', leaderEpoch: 0, leader: 'n1' }),
      ...['n1', 'n2'].map((node) => said(node, { ...of, kind: 'replica-append', batches: [batch] })),
      said('n1', { ...of, kind: 'replica-high-watermark', offset: 1, leaderEpoch: 0 }),
      said('n2', { ...of, kind: 'replica-truncate', endOffset: 0 }),
      said('n2', { ...of, kind: 'replica-role', role: 'leader', leaderEpoch: 1, leader: 'n2' }),
    ];
    const found = records.map((record) => monitor.observe(record)).filter((anomaly) => anomaly !== undefined);
    const { picture } = found[0] ?? {};
    expect(picture?.kind === 'sequence' && picture.columns).toEqual(['n2', 'n1', 'exposed']);
    const rows = picture?.kind === 'sequence' ? picture.rows : [];
    expect(rows.find(({ label }) => label === 'offset 0')).toMatchObject({
      cells: [null, 'epoch 0 #beef', 'epoch 0 #beef'],
      wrong: [0],
    });
  });
});
