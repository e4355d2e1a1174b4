import { describe, expect, it } from 'vitest';
import type { FailureSignature } from '../signatures.ts';
import { type Accepted, type Baseline, baselineText, EMPTY_BASELINE, parseBaseline } from './baseline.ts';
import { triage } from './triage.ts';
import type { TriagedRun } from './triaged-runs.ts';

const STALE = 'raft-register/linearizability/nonlinearizable/40cd42';
const LOST = 'raft-register/commit-loss/lost-commit/70fbdd';
const LOG = 'kraft-log/log/lost-write/376b98';

const at = (day: number): number => Date.UTC(2026, 10, day);

function failure(signature: string): FailureSignature {
  const [, checker = '', anomaly = ''] = signature.split('/');
  return { signature, checker, anomaly, shape: 'update', explanation: `${anomaly}!`, count: 1 };
}

let count = 0;
function run(given: Partial<TriagedRun> & { readonly failed?: readonly string[] } = {}): TriagedRun {
  const { failed = [], ...rest } = given;
  const seed = ++count;
  return {
    path: `results/runs/${seed}`,
    system: 'raft',
    workload: 'register',
    cluster: 'sim',
    nemesis: 'kill',
    seed,
    startedMs: at(20),
    revision: 'abc',
    commandLine: `shaketable run --seed ${seed}`,
    isPlanted: false,
    isPlanned: false,
    valid: failed.length === 0,
    signatures: failed.map(failure),
    operations: 100,
    ...rest,
  };
}

function accepting(...signatures: readonly string[]): Baseline {
  return new Map(
    signatures.map((signature): [string, Accepted] => [
      signature,
      { signature, reason: 'issue 1', acceptedAt: new Date(at(21)).toISOString(), failures: 1, runs: 4 },
    ]),
  );
}

const sorted = (runs: readonly TriagedRun[], given: Partial<Parameters<typeof triage>[0]> = {}) =>
  triage({ runs, baseline: EMPTY_BASELINE, sinceMs: null, ...given });

describe('triage', () => {
  it('tells of each failure when it came, how often, and by which run it is seen best', () => {
    const [long, short] = [
      run({ failed: [STALE], startedMs: at(18), operations: 900 }),
      run({ failed: [STALE], startedMs: at(19), operations: 50, revision: 'def' }),
    ];
    const shrunk = run({ failed: [STALE], isPlanned: true, operations: 9, startedMs: at(20) });
    const others = [run(), run({ nemesis: 'pause' }), run({ valid: 'unknown' }), run({ system: 'kraft' })];
    const { groups, counts } = sorted([long, short, shrunk, ...others]);
    expect(groups).toMatchObject([
      {
        signature: STALE,
        state: 'new',
        checker: 'linearizability',
        failures: 2,
        firstMs: at(18),
        lastMs: at(19),
        revisions: { first: 'abc', last: 'def' },
        rates: [{ nemesis: 'kill', failures: 2, runs: 3 }],
        example: shrunk,
        companionOf: null,
        accepted: null,
      },
    ]);
    expect(counts).toEqual({
      ...{ runs: 6, valid: 3, invalid: 2, unknown: 1, undecided: 0 },
      ...{ planted: 0, fromPlans: 1 },
    });
  });

  it('makes no failure of what runs from plans alone show', () => {
    const planned = run({ failed: [STALE, LOST], isPlanned: true, startedMs: at(22) });
    const { groups, fixed, notRun } = sorted([run({ failed: [STALE], startedMs: at(22) }), planned], {
      baseline: accepting(LOST),
    });
    expect(groups.map(({ signature }) => signature)).toEqual([STALE]);
    expect([fixed, notRun]).toMatchObject([[{ accepted: { signature: LOST }, runs: 1 }], []]);
    expect(sorted([planned])).toMatchObject({ groups: [], counts: { runs: 0, fromPlans: 1 } });
  });

  it('takes for the example a run that is still there', () => {
    const kept = run({ failed: [STALE], operations: 900 });
    const { groups } = sorted([run({ failed: [STALE], path: null, operations: 10 }), kept]);
    expect(groups[0]?.example).toBe(kept);
  });

  it('knows what the baseline has accepted, and lists it last', () => {
    const runs = [run({ failed: [STALE, LOG] }), run({ failed: [STALE] }), run({ failed: [LOST] })];
    const { groups } = sorted(runs, { baseline: accepting(STALE) });
    expect(groups.map(({ signature, state }) => [signature, state])).toEqual([
      [LOST, 'new'],
      [LOG, 'new'],
      [STALE, 'known'],
    ]);
  });

  it('puts together what comes together, the most frequent first, unless one is new and the other known', () => {
    const runs = [
      run({ failed: [STALE, LOST] }),
      run({ failed: [LOST] }),
      run({ failed: [LOG, STALE, LOST] }),
    ];
    const companions = (baseline: Baseline): unknown =>
      sorted(runs, { baseline }).groups.map(({ signature, companionOf }) => [signature, companionOf]);
    expect(companions(EMPTY_BASELINE)).toEqual([
      [LOST, null],
      [STALE, LOST],
      [LOG, LOST],
    ]);
    expect(companions(accepting(LOST))).toEqual([
      [STALE, null],
      [LOG, STALE],
      [LOST, null],
    ]);
  });

  it('takes for fixed what did not come though it was run since, and for nothing what was not run', () => {
    const since = [run({ startedMs: at(22) }), run({ startedMs: at(23), valid: 'unknown' })];
    const before = [run({ startedMs: at(20), system: 'kraft', workload: 'log' })];
    const { fixed, notRun, groups } = sorted([...before, ...since], { baseline: accepting(STALE, LOG) });
    expect(groups).toEqual([]);
    expect(fixed).toMatchObject([{ accepted: { signature: STALE }, runs: 1 }]);
    expect(notRun).toMatchObject([{ accepted: { signature: LOG }, runs: 0 }]);
  });

  it('takes for fixed nothing that was run under other nemeses alone', () => {
    const accepted = accepting(STALE).get(STALE) as Accepted;
    const baseline = new Map([[STALE, { ...accepted, nemeses: ['kill', 'partition,kill'] }]]);
    const others = ['none', 'partition', 'kill,partition,pause'].map((nemesis) =>
      run({ startedMs: at(22), nemesis }),
    );
    expect(sorted(others, { baseline })).toMatchObject({ fixed: [], notRun: [{ runs: 0 }] });
    const since = [...others, run({ startedMs: at(22), nemesis: 'partition,kill' })];
    expect(sorted(since, { baseline })).toMatchObject({ fixed: [{ runs: 1 }], notRun: [] });
    // Nobody says under which it came.
    expect(sorted(others, { baseline: accepting(STALE) })).toMatchObject({
      fixed: [{ runs: 3 }],
      notRun: [],
    });
  });

  it('of runs before the time in question tells nothing but when a failure first came', () => {
    const runs = [
      run({ startedMs: at(10), failed: [STALE, LOST] }),
      run({ startedMs: at(22), failed: [STALE] }),
      run({ startedMs: at(22) }),
    ];
    const { groups, counts } = sorted(runs, { sinceMs: at(21) });
    expect(groups).toMatchObject([
      { signature: STALE, failures: 1, firstMs: at(10), rates: [{ failures: 1, runs: 2 }] },
    ]);
    expect(counts.runs).toBe(2);
  });

  it('leaves out what was planted, unless asked', () => {
    const planted = run({ isPlanted: true, failed: [STALE] });
    expect(sorted([planted, run()])).toMatchObject({ groups: [], counts: { runs: 1, planted: 1 } });
    expect(sorted([planted, run()], { withBugs: true }).groups).toHaveLength(1);
  });
});

describe('a baseline', () => {
  it('is written sorted, and read again', () => {
    const text = baselineText(accepting(STALE, LOG));
    expect(text).toBe(baselineText(accepting(LOG, STALE)));
    expect([...parseBaseline(text, 'b.json')]).toEqual([...accepting(LOG, STALE)]);
    const under = { ...accepting(LOG).get(LOG), nemeses: ['kill'] } as Accepted;
    expect(parseBaseline(baselineText(new Map([[LOG, under]])), 'b.json').get(LOG)).toEqual(under);
    expect(text).toContain(`    {\n      "signature": "${LOG}",\n      "reason": "issue 1",\n`);
  });

  const text = baselineText(accepting(STALE));
  it.each([
    ['no JSON', '{"form', /^b\.json is not JSON: mend it, or take it from git again$/],
    [
      'another file',
      '{"format":"shaketable-test","version":1}',
      /^b\.json is no baseline of shaketable triage$/,
    ],
    ['a newer one', text.replace('"version": 1', '"version": 7'), /version 7; this release reads version 1$/],
    [
      'no signature',
      text.replace(STALE, 'stale reads'),
      /^b\.json: accepted\.0\.signature: is no signature$/,
    ],
    ['no reason', text.replace('"issue 1"', '""'), /^b\.json: accepted\.0\.reason: /],
    ['a field of nobody', text.replace('"reason"', '"reasons"'), /^b\.json: accepted\.0/],
    [
      'one that is there twice',
      text.replace('"accepted": [', `"accepted": [${JSON.stringify(accepting(STALE).get(STALE))},`),
      /^b\.json accepts \S+ twice$/,
    ],
  ])('is refused in one line: %s', (_, broken, message) => {
    expect(() => parseBaseline(broken, 'b.json')).toThrow(message);
  });
});
