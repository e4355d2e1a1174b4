import { describe, expect, it } from 'vitest';
import { failuresOf } from './failures.ts';
import { sweepJunit } from './junit.ts';
import { parseLedger, type SeedRecord } from './ledger.ts';
import { outcomeOf } from './outcome.ts';
import { sweepMarkdown, totalsText } from './summaries.ts';
import { cell, header, record } from './testing/samples.ts';

const three = (...outcomes: readonly SeedRecord['outcome'][]): SeedRecord[] =>
  outcomes.map((outcome, i) =>
    record('a', i + 1, { outcome, why: outcome === 'valid' ? null : `${outcome}!` }),
  );

describe('the outcome of a cell', () => {
  it.each([
    ['passed', three('valid', 'valid', 'valid'), {}, '3 seeds valid'],
    ['failed', three('valid', 'invalid', 'unknown'), {}, 'invalid!'],
    ['unknown', three('valid', 'unknown', 'valid'), {}, 'unknown!'],
    ['passed', three('valid', 'unknown', 'valid'), { maxUnknown: 0.4 }, '2 of 3 seeds valid'],
    ['error', three('valid', 'error', 'unknown'), {}, 'error!'],
    ['unfinished', [], {}, 'no seed ran'],
    ['passed', three('valid', 'invalid'), { expect: 'invalid' as const }, 'found at seed 2: invalid!'],
    ['failed', three('valid', 'unknown'), { expect: 'invalid' as const }, 'not found in 2 seeds'],
  ])('is %s', (state, records, given, sentence) => {
    const outcome = outcomeOf(header([cell('a', given)]), records, true);
    expect(outcome.cells[0]).toMatchObject({ state, sentence });
    expect(outcome.state).toBe(state);
  });

  it('is no pass before all ran', () => {
    const outcome = outcomeOf(header([cell('a')]), three('valid'), false);
    expect(outcome.cells[0]).toMatchObject({ state: 'unfinished', sentence: '1 seed so far' });
  });

  it('is left out of a shard that has no seed of it', () => {
    const shard = { index: 2, count: 2 };
    const outcome = outcomeOf(header([cell('a'), cell('b')], { shard }), three('valid'), true);
    expect(outcome.cells.map((each) => each.cell.key)).toEqual(['a']);
    expect(outcome.state).toBe('passed');
  });

  it('is a pass of a shard that has no seed of any, and of one that has done nothing yet is none', () => {
    const whole = header([cell('a')], { shard: { index: 5, count: 5 } });
    const outcome = outcomeOf(whole, [], true);
    expect(outcome).toMatchObject({ state: 'passed', cells: [] });
    expect(totalsText(outcome)).toBe('0 seeds: this shard has none');
    expect(outcomeOf(whole, [], false).state).toBe('unfinished');
  });
});

const outcome = outcomeOf(
  header([cell('raft register'), cell('bad')]),
  [
    ...[1, 2, 3].map((seed) => record('raft register', seed)),
    record('bad', 1, {
      outcome: 'invalid',
      why: 'lost: <1> & "2" | \u0000',
      anomaly: 'log/lost',
      signatures: ['raft-register/log/lost/3f9a1c'],
      again: 'npx shaketable replay x',
    }),
  ],
  true,
);

describe('a sweep', () => {
  it('in Markdown has a table, and what to do about failures', () => {
    const text = sweepMarkdown(outcome);
    expect(text).toMatch(/^# nightly: FAILED$/m);
    expect(text).toMatch(/^\| ok \| `raft register` \| 3 \| 3 s \| 3 seeds valid \|$/m);
    expect(text).toContain(String.raw`"2" \|`);
    expect(text).toContain(
      '| signature | runs | cells | example |\n| --- | --- | --- | --- |\n| `raft-register/log/lost/3f9a1c` | 1 | 1 | seed 1 of `bad` |',
    );
    expect(text).toContain('```sh\nnpx shaketable replay x\n```');
    expect(totalsText(outcome)).toBe('2 cells: 1 passed, 1 failed · 4 seeds: 3 valid, 1 invalid');
  });

  it('in XML is what CI servers read, whatever strings are in it', () => {
    const text = sweepJunit(outcome);
    expect(text).toContain(
      '<testsuite name="nightly" timestamp="2026-11-28T03:00:00.000Z" tests="2" failures="1" errors="0" skipped="0" time="4.000">',
    );
    expect(text).toContain(
      '<testcase classname="nightly.raft.register" name="raft register" time="3.000"></testcase>',
    );
    expect(text).toContain('message="lost: &#60;1&#62; &#38; &#34;2&#34; | " type="log/lost"');
    expect(text).toContain('\nsignature: raft-register/log/lost/3f9a1c</failure>');
    expect(text).not.toContain('\u0000');
  });
});

describe('failures of a sweep', () => {
  const lost = { outcome: 'invalid' as const, signatures: ['x/lost'] };
  const found = failuresOf(
    outcomeOf(
      header([cell('a'), cell('b'), cell('bug', { expect: 'invalid' })]),
      [
        record('a', 1, { ...lost, operations: 50 }),
        record('a', 2, { ...lost, signatures: ['x/lost', 'x/stale'], operations: 20 }),
        record('a', 3, { outcome: 'unknown' }),
        record('b', 1, { outcome: 'invalid' }),
        record('b', 2, lost),
        record('bug', 1, { ...lost, signatures: ['x/bug'] }),
      ],
      true,
    ),
  );

  it('are one for each signature, with the shortest run, without bugs that were to be found', () => {
    expect(found.map(({ example, ...failure }) => [failure, example.seed])).toEqual([
      [{ signature: 'x/lost', runs: 3, cells: ['a', 'b'] }, 2],
      [{ signature: 'x/stale', runs: 1, cells: ['a'] }, 2],
      [{ signature: null, runs: 1, cells: ['b'] }, 1],
    ]);
  });
});

describe('a ledger', () => {
  const head = JSON.stringify(header([cell('a')]));
  const line = JSON.stringify(record('a', 1));

  it('is read up to a line that was cut off', () => {
    expect(parseLedger(`${head}\n${line}\n${line.slice(0, 20)}`, 'x').records).toEqual([record('a', 1)]);
  });

  it.each([
    ['nothing', '', /x: this is no sweep/],
    ['another file', '{"format":"shaketable-history","version":1}\n', /x: this is no sweep/],
    [
      'a newer one',
      head.replace('"version":1', '"version":9') + '\n',
      /version 9; this release reads version 1/,
    ],
    ['a line that is broken in the middle', `${head}\n{"cell\n${line}\n`, /x line 2 is not JSON/],
    ['a line that lacks a field', `${head}\n{"cell":"a"}\n`, /x line 2: /],
  ])('is refused: %s', (_, text, message) => {
    expect(() => parseLedger(text, 'x')).toThrow(message);
  });
});
