import { describe, expect, test } from 'vitest';
import { RunBuilder } from './run-builder.ts';
import { vacuity } from './vacuity.ts';
import type { VacuityOptions } from './vacuity.ts';

const judge = (builder: RunBuilder, options?: VacuityOptions) => {
  const { valid, reason } = vacuity(options).check({ history: builder.history() });
  return { valid, reason };
};

describe('vacuous', () => {
  test('no client did anything', () => {
    expect(judge(new RunBuilder().fault('kill', 1, 2))).toEqual({
      valid: 'unknown',
      reason: 'The history proves nothing: no client did anything.',
    });
  });

  test('no operation was ok', () => {
    expect(judge(new RunBuilder().op('read', 0, 'fail', 1)).reason).toMatch(
      /no operation of a client was ok/,
    );
    expect(judge(new RunBuilder().op('read', 0, 'fail', 1).ok('read', 2))).toEqual({ valid: true });
  });

  test('a function that must succeed never did', () => {
    const run = new RunBuilder().ok('read', 0).op('write', 1, 'info', 2).op('write', 1);
    expect(judge(run, { mustSucceed: ['read', 'write'] }).reason).toBe(
      'The history proves nothing: no write was ok in 2 attempts.',
    );
    expect(judge(run, { mustSucceed: ['read', 'cas'] }).reason).toMatch(/no cas was tried/);
    expect(judge(run, { mustSucceed: ['read'] }).valid).toBe(true);
  });

  test('no fault of a requested nemesis took effect', () => {
    const idle = new RunBuilder()
      .ok('read', 0)
      .fault('partition', 1, 2, false)
      .fault('partition', 3, 4, false);
    const requested = { requestedFaults: ['partition'] };
    expect(judge(idle, requested)).toEqual({
      valid: 'unknown',
      reason: 'The history proves nothing: none of the 2 faults of partition took effect.',
    });
    expect(judge(idle).valid).toBe(true);
    expect(judge(idle.fault('partition', 5, 6), requested)).toEqual({ valid: true });
  });

  test('a requested nemesis injected nothing', () => {
    expect(judge(new RunBuilder().ok('read', 0), { requestedFaults: ['kill', 'pause'] }).reason).toMatch(
      /the nemesis kill injected no fault; the nemesis pause injected no fault/,
    );
  });

  test('no read was ok after the faults', () => {
    const run = (): RunBuilder => new RunBuilder().ok('read', 0).ok('write', 0).fault('kill', 1, 2);
    const mustRead = { mustSucceed: ['read', 'write'] };
    expect(judge(run().op('read', 3, 'fail', 4).op('read', 4), mustRead)).toEqual({
      valid: 'unknown',
      reason:
        'The history proves nothing: no read was ok in 2 attempts after the last fault ended, so what it left behind ' +
        'was never seen.',
    });
    // One that began before the end of the fault may have seen the time before it.
    expect(judge(run().op('read', 3, 'fail', 4).ok('read', 1.5, 3), mustRead).valid).toBe('unknown');
    expect(judge(run().op('read', 3, 'fail', 4).ok('read', 3), mustRead).valid).toBe(true);
    expect(judge(run().op('read', 3, 'fail', 4), { mustSucceed: ['write'] }).valid).toBe(true);
    // Interrupted: nobody tried.
    expect(judge(run(), mustRead).valid).toBe(true);
    expect(judge(run().fault('kill', 2.5).op('read', 3, 'fail', 4), mustRead).valid).toBe(true);
  });
});
