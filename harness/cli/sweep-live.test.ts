import { describe, expect, it } from 'vitest';
import type { SeedRecord } from '../sweep/ledger.ts';
import { outcomeOf } from '../sweep/outcome.ts';
import { Schedule } from '../sweep/schedule.ts';
import { cell, header, record } from '../sweep/testing/samples.ts';
import { outputTo } from './output.ts';
import { SweepLive } from './sweep-live.ts';

/** A sweep of two cells of three seeds whose clock stands still until it is moved. */
function start(isTTY: boolean) {
  const head = header([
    cell('a', { options: [['nemesis', 'none']] }),
    cell('b', { options: [['nemesis', 'kill']] }),
  ]);
  const schedule = new Schedule(head.cells, { shard: null, records: [] });
  const records: SeedRecord[] = [];
  let nowMs = 0;
  const written = { all: '' };
  const output = outputTo(
    { write: () => expect.unreachable() },
    { isTTY, columns: 100, rows: 20, write: (text) => (written.all += text) },
  );
  const live = new SweepLive(output, head, () => nowMs);
  const show = (isDue = true): void => live.show(records, (each) => schedule.stateOf(each), isDue);
  return {
    head,
    records,
    live,
    show,
    /** What was written since the last time, after as many seeds took a second each. */
    after: (...outcomes: readonly SeedRecord['outcome'][]): string => {
      for (const outcome of outcomes) {
        const job = schedule.next();
        if (job === null) throw new Error('no seed is left');
        show(false);
        nowMs += 1000;
        const made = record(job.cell.key, job.seed, {
          outcome,
          why: outcome === 'invalid' ? 'lost' : null,
          again: 'npx again',
        });
        records.push(made);
        schedule.finished(made);
        show();
      }
      return written.all.split('\u001b[J').at(-1) ?? '';
    },
    written,
  };
}

describe('a sweep that goes on', () => {
  it('is a table on a terminal, with what went wrong above it', () => {
    const sweep = start(true);
    expect(sweep.after('valid', 'valid')).toMatch(
      /^ +cell .*\nbegun +raft register --nemesis none +2\/3 +2 +0 +0 +1\.0\/s +0:01\nwaiting +raft register --nemesis kill +0\/3 +0 +0 +0\n2 of 6 seeds · 0 running · 0:02 so far, about 0:04 left$/,
    );
    expect(sweep.after('valid', 'valid', 'invalid')).toMatch(
      /\nFAILED +raft register --nemesis kill +2\/3 +1 +1 +0/,
    );
    expect(sweep.written.all).not.toContain('again: ');
    expect(sweep.after('valid')).toMatch(/6 of 6 seeds · 0 running · 0:06 so far$/);
    // The cell is done: it is told for good, and once.
    sweep.show();
    expect(sweep.written.all.match(/FAILED {3}b {2}lost\n {9}again: npx again\n/g)).toHaveLength(1);
    expect(sweep.written.all).not.toContain('ok       a  3 seeds valid\n');
    sweep.live.end(outcomeOf(sweep.head, sweep.records, true));
    expect(sweep.written.all.endsWith('ok       a  3 seeds valid\n')).toBe(true);
  });

  it('is a line a cell elsewhere', () => {
    const sweep = start(false);
    sweep.after('valid', 'valid', 'valid', 'valid');
    expect(sweep.written.all).toBe('ok       a  3 seeds valid\n');
    sweep.after('valid', 'unknown');
    sweep.live.end(outcomeOf(sweep.head, sweep.records, true));
    expect(sweep.written.all.split('\n').slice(1)).toEqual([expect.stringMatching(/^unknown {2}b /), '         again: npx again', '']); // prettier-ignore
  });
});
