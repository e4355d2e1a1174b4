import { describe, expect, it } from 'vitest';
import { Schedule } from './schedule.ts';
import { cell, record } from './testing/samples.ts';

/** What is handed out, each run ending before the next begins. */
function all(
  schedule: Schedule,
  outcomeOf: (key: string, seed: number) => 'valid' | 'invalid' = () => 'valid',
): string[] {
  const jobs: string[] = [];
  for (let job = schedule.next(); job !== null; job = schedule.next()) {
    jobs.push(`${job.cell.key}:${job.seed}`);
    schedule.finished(record(job.cell.key, job.seed, { outcome: outcomeOf(job.cell.key, job.seed) }));
  }
  return jobs;
}

const whole = { shard: null, records: [] };

describe('a schedule', () => {
  it('runs every seed once, but for those that are done', () => {
    const cells = [cell('a'), cell('b')] as const;
    const schedule = new Schedule(cells, {
      shard: null,
      records: [record('a', 2), record('b', 1)],
    });
    expect(schedule.stateOf(cells[0])).toEqual({ seeds: 3, running: 0, isDone: false });
    expect(all(schedule)).toEqual(['a:1', 'a:3', 'b:2', 'b:3']);
    expect(schedule.stateOf(cells[1])).toEqual({ seeds: 3, running: 0, isDone: true });
  });

  it('looks for a bug until it is found', () => {
    const cells = [cell('a'), cell('bug', { expect: 'invalid' })];
    expect(all(new Schedule(cells, whole), (_, seed) => (seed === 2 ? 'invalid' : 'valid'))).toEqual(['a:1', 'a:2', 'a:3', 'bug:1', 'bug:2']); // prettier-ignore
    const found = [record('bug', 1, { outcome: 'invalid' })];
    expect(all(new Schedule(cells, { shard: null, records: found }))).toEqual(['a:1', 'a:2', 'a:3']);
  });

  it('begins no seed beyond a budget', () => {
    const cells = [cell('a', { budgetS: 2, seeds: { first: 5, last: null } })];
    expect(all(new Schedule(cells, whole))).toEqual(['a:5', 'a:6']);
  });

  it('runs in real time one at a time, when nothing else runs', () => {
    const schedule = new Schedule(
      [cell('real', { isRealTime: true }), cell('a', { seeds: { first: 1, last: 1 } })],
      whole,
    );
    expect(schedule.next()).toMatchObject({ cell: { key: 'a' } });
    expect(schedule.next()).toBeNull();
    schedule.finished(record('a', 1));
    expect(schedule.next()).toMatchObject({ cell: { key: 'real' }, seed: 1 });
    expect(schedule.next()).toBeNull();
    schedule.finished(record('real', 1));
    expect(schedule.next()).toMatchObject({ cell: { key: 'real' }, seed: 2 });
  });

  it('in shards runs every seed once, and looks for a bug in one', () => {
    const cells = [
      cell('a'),
      cell('b', { seeds: { first: 1, last: 10 } }),
      cell('bug', { expect: 'invalid' }),
    ];
    const shards = [1, 2, 3].map((index) =>
      all(new Schedule(cells, { shard: { index, count: 3 }, records: [] })),
    );
    expect(shards.flat().sort()).toEqual(all(new Schedule(cells, whole)).sort());
    expect(shards.filter((jobs) => jobs.some((job) => job.startsWith('bug')))).toHaveLength(1);
    for (const jobs of shards) expect(jobs.length).toBeGreaterThan(2);
  });
});
