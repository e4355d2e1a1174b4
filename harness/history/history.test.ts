import { describe, expect, it } from 'vitest';
import { HarnessError } from '../errors.ts';
import { History } from './history.ts';
import type { FaultEffect, Json, Operation, OperationType, ProcessId } from './operation.ts';

/** `['invoke', 0, 'read', null]`: type, process, f, value, key. */
type Line = readonly [OperationType, ProcessId, string, Json?, (string | number)?];

function operationsOf(lines: readonly Line[]): Operation[] {
  return lines.map(([type, process, f, value = null, key], index) => ({
    index,
    time: index * 10,
    process,
    type,
    f,
    value,
    ...(key === undefined ? {} : { key }),
  }));
}

const historyOf = (...lines: readonly Line[]): History => new History(operationsOf(lines));

describe('History', () => {
  const history = historyOf(
    ['invoke', 0, 'write', 1, 'x'],
    ['invoke', 1, 'read', null, 'y'],
    ['ok', 0, 'write', 1, 'x'],
    ['invoke', 'nemesis', 'cut'],
    ['info', 1, 'read', null],
    ['invoke', 2, 'read', null, 'x'],
  );

  it('pairs invocations with completions', () => {
    expect(history.completionOf(0)?.index).toBe(2);
    expect(history.completionOf(1)?.index).toBe(4);
    expect(history.completionOf(5)).toBeUndefined();
    expect(history.invocationOf(2)?.index).toBe(0);
    expect(history.invocationOf(4)?.index).toBe(1);
    expect(history.completionOf(2)).toBeUndefined();
    expect(history.invocationOf(0)).toBeUndefined();
    expect(history.completionOf(99)).toBeUndefined();
  });

  it('gives the pairs of clients in order, open ones too', () => {
    expect(
      history.pairs().map(({ invocation, completion }) => [invocation.index, completion?.index]),
    ).toEqual([
      [0, 2],
      [1, 4],
      [5, undefined],
    ]);
  });

  it('groups by process, and by key also where a completion leaves the key out', () => {
    expect([...history.byProcess().keys()]).toEqual([0, 1, 'nemesis', 2]);
    const byKey = [...history.byKey()].map(([key, operations]) => [
      key,
      operations.map(({ index }) => index),
    ]);
    expect(byKey).toEqual([
      ['x', [0, 2, 5]],
      ['y', [1, 4]],
    ]);
    expect(history.clientOperations()).toHaveLength(5);
    expect(history.length).toBe(6);
  });

  it('keeps the keys 1 and "1" apart', () => {
    const keyed = historyOf(['invoke', 0, 'read', null, 1], ['invoke', 1, 'read', null, '1']);
    expect([...keyed.byKey().keys()]).toEqual([1, '1']);
  });

  it('accepts the empty history', () => {
    expect(new History([]).pairs()).toEqual([]);
  });
});

describe('validation', () => {
  const refusal = (operations: readonly Operation[], locate?: (index: number) => string): string => {
    try {
      new History(operations, locate === undefined ? {} : { locate });
    } catch (error) {
      expect(error).toBeInstanceOf(HarnessError);
      expect((error as HarnessError).code).toBe('bad-history');
      expect((error as HarnessError).message).not.toContain('\n');
      return (error as HarnessError).message;
    }
    return 'accepted';
  };
  const refusalOf = (...lines: readonly Line[]): string => refusal(operationsOf(lines));

  it('refuses two invocations of one process', () => {
    expect(refusalOf(['invoke', 3, 'read'], ['invoke', 3, 'write', 1])).toBe(
      'operation 1: process 3 invokes write (operation 1) while its read (operation 0) has not completed',
    );
  });

  it('refuses a completion without an invocation', () => {
    expect(refusalOf(['ok', 3, 'read'])).toContain(
      'completes read with ok (operation 0) but has invoked nothing',
    );
    expect(refusalOf(['invoke', 3, 'read'], ['ok', 3, 'read'], ['ok', 3, 'read'])).toContain(
      'invoked nothing',
    );
  });

  it('refuses a completion of another function or key', () => {
    expect(refusalOf(['invoke', 3, 'read'], ['ok', 3, 'write'])).toContain(
      'completes write (operation 1) but had',
    );
    expect(refusalOf(['invoke', 3, 'read', null, 'x'], ['ok', 3, 'read', 1, 'y'])).toContain(
      'read of key "y"',
    );
    expect(refusalOf(['invoke', 3, 'read', null, 'x'], ['ok', 3, 'read', 1])).toBe('accepted');
  });

  it('refuses gaps in the indexes and time that goes back, not equal times', () => {
    const [first, second] = operationsOf([
      ['invoke', 0, 'read'],
      ['ok', 0, 'read'],
    ]) as [Operation, Operation];
    expect(refusal([first, { ...second, index: 2 }])).toContain('index 2 where 1 was expected');
    expect(
      refusal([
        { ...first, time: 9 },
        { ...second, time: 8 },
      ]),
    ).toContain('time goes back from 9 to 8');
    expect(
      refusal([
        { ...first, time: 9 },
        { ...second, time: 9 },
      ]),
    ).toBe('accepted');
    expect(refusal([{ ...first, time: Number.NaN }])).toContain('time goes back');
  });

  it('refuses an unknown type, and names the place as the caller does', () => {
    const [first] = operationsOf([['invoke', 0, 'read']]) as [Operation];
    const strange = { ...first, type: 'maybe' as OperationType };
    expect(refusal([strange], () => 'line 7')).toBe(
      'line 7: unknown type "maybe" (must be invoke, ok, fail or info)',
    );
  });
});

describe('fault windows', () => {
  const effect = (faultId: number, edge: FaultEffect['edge'], more: Partial<FaultEffect> = {}): Json => ({
    faultId,
    fault: 'partition',
    edge,
    nodes: ['n1'],
    description: `${edge} ${faultId}`,
    parameters: null,
    ...more,
  });

  it('last from the invocation of the beginning to the completion of the end', () => {
    const history = historyOf(
      ['invoke', 'nemesis', 'cut', { target: 'leader' }],
      ['ok', 'nemesis', 'cut', effect(1, 'begin')],
      ['invoke', 0, 'read'],
      ['invoke', 'nemesis', 'bump'],
      ['ok', 'nemesis', 'bump', effect(2, 'instant', { tookEffect: false })],
      ['invoke', 'nemesis', 'heal'],
      ['ok', 'nemesis', 'heal', effect(1, 'end', { observed: { messagesDropped: 4 }, tookEffect: true })],
      ['invoke', 'nemesis', 'cut'],
      ['ok', 'nemesis', 'cut', effect(3, 'begin')],
    );
    expect(history.faultWindows()).toMatchObject([
      {
        faultId: 1,
        startTime: 0,
        endTime: 60,
        beginIndex: 1,
        endIndex: 6,
        instant: false,
        description: 'begin 1',
        observed: { messagesDropped: 4 },
        tookEffect: true,
      },
      {
        faultId: 2,
        startTime: 30,
        endTime: 40,
        beginIndex: 4,
        endIndex: 4,
        instant: true,
        tookEffect: false,
      },
      {
        faultId: 3,
        startTime: 70,
        endTime: undefined,
        beginIndex: 8,
        endIndex: undefined,
        tookEffect: undefined,
      },
    ]);
    expect(history.faultWindows()).toBe(history.faultWindows());
  });

  it('leave out an end without a beginning, and values of other tools', () => {
    const history = historyOf(
      ['invoke', 'nemesis', 'heal'],
      ['ok', 'nemesis', 'heal', effect(9, 'end')],
      ['invoke', 'nemesis', 'dance'],
      ['info', 'nemesis', 'dance', 'cut off n1'],
    );
    expect(history.faultWindows()).toEqual([]);
  });
});
