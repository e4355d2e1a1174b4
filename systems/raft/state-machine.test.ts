import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { MalformedError } from './bytes.ts';
import { RESULT } from './errors.ts';
import type { Command, CommandName, Payload } from './payload.ts';
import { correctRules as rules } from './rules.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';
import { StateMachine } from './state-machine.ts';

/** Applies one command after another, in session 1. */
class Applier {
  machine: StateMachine;
  private index = 1;
  private sequence = 0;

  constructor(maxSessions = 10) {
    this.machine = new StateMachine(maxSessions);
    this.machine.apply({ kind: 'register', nonce: 0 }, 1, 1, rules);
  }

  apply(payload: Payload): number {
    return this.machine.apply(payload, ++this.index, 1, rules).code;
  }

  do(op: CommandName, value: Json = null, expected: Json = null, key = 'x'): number {
    return this.apply({ kind: 'command', session: 1, sequence: ++this.sequence, op, key, value, expected });
  }
}

const configuration = { voters: ['n1'], outgoing: [], learners: [] };

function snapshotOf(machine: StateMachine) {
  const meta = { index: 9, term: 2, prefixHash: 5, stateHash: machine.stateHash(), configuration };
  return encodeSnapshot(meta, machine, true);
}

describe('keys', () => {
  test('an absent key is null', () => {
    expect(new StateMachine(1).read('x')).toBe(null);
  });

  test('write, compare-and-set, delete', () => {
    const a = new Applier();
    expect(a.do('write', 1)).toBe(RESULT.ok);
    expect(a.do('cas', 3, 2)).toBe(RESULT.preconditionFailed);
    expect(a.machine.read('x')).toBe(1);
    expect(a.do('cas', { a: [2] }, 1)).toBe(RESULT.ok);
    expect(a.do('cas', 4, { a: [2] })).toBe(RESULT.ok);
    expect(a.machine.read('x')).toBe(4);
    expect(a.do('delete')).toBe(RESULT.ok);
    expect(a.machine.read('x')).toBe(null);
    expect(a.do('cas', 5, null)).toBe(RESULT.ok);
    expect(a.machine.read('x')).toBe(5);
  });

  test('append makes a list of elements and a text of texts', () => {
    const a = new Applier();
    a.do('append', 1);
    a.do('append', 'two');
    expect(a.machine.read('x')).toEqual([1, 'two']);
    a.do('append', 'a', null, 'y');
    a.do('append', 'b', null, 'y');
    expect(a.machine.read('y')).toBe('ab');
    expect(a.do('append', 1, null, 'y')).toBe(RESULT.wrongType);
    a.do('write', 7, null, 'z');
    expect(a.do('append', 1, null, 'z')).toBe(RESULT.wrongType);
  });

  test('a list that was written is not the one that grows', () => {
    const a = new Applier();
    const written = [1];
    a.do('write', written);
    a.do('append', 2);
    expect(written).toEqual([1]);
    expect(a.machine.read('x')).toEqual([1, 2]);
  });

  test('add counts from 0', () => {
    const a = new Applier();
    expect(a.do('add', 2)).toBe(RESULT.ok);
    expect(a.do('add', -5)).toBe(RESULT.ok);
    expect(a.machine.read('x')).toBe(-3);
    a.do('write', 'text');
    expect(a.do('add', 1)).toBe(RESULT.wrongType);
    a.do('write', Number.MAX_VALUE);
    expect(a.do('add', Number.MAX_VALUE)).toBe(RESULT.wrongType);
  });
});

describe('sessions', () => {
  const add = (session: number, sequence: number): Command => ({
    kind: 'command',
    session,
    sequence,
    op: 'add',
    key: 'x',
    value: 1,
    expected: null,
  });

  test('a command that comes again has its first answer, and no effect', () => {
    const a = new Applier();
    expect(a.machine.apply(add(1, 1), 2, 1, rules)).toEqual({ code: RESULT.ok, index: 2, term: 1 });
    expect(a.machine.apply(add(1, 1), 5, 3, rules)).toEqual({ code: RESULT.ok, index: 2, term: 1 });
    expect(a.machine.read('x')).toBe(1);
    expect(a.machine.apply(add(1, 2), 6, 3, rules)).toEqual({ code: RESULT.ok, index: 6, term: 3 });
    expect(a.machine.apply(add(1, 1), 7, 3, rules).code).toBe(RESULT.staleSequence);
    expect(a.machine.read('x')).toBe(2);
  });

  test('the one least recently active expires, by the log', () => {
    const a = new Applier(2);
    a.machine.apply({ kind: 'register', nonce: 0 }, 2, 1, rules);
    a.machine.apply(add(1, 1), 3, 1, rules);
    a.machine.apply({ kind: 'register', nonce: 0 }, 4, 1, rules);
    expect(a.machine.apply(add(2, 1), 5, 1, rules).code).toBe(RESULT.unknownSession);
    expect(a.machine.apply(add(1, 2), 6, 1, rules).code).toBe(RESULT.ok);
    expect(a.machine.apply(add(4, 1), 7, 1, rules).code).toBe(RESULT.ok);
    expect(a.machine.sessionCount).toBe(2);
  });

  test('an unknown session changes nothing', () => {
    const a = new Applier();
    expect(a.machine.apply(add(77, 1), 2, 1, rules).code).toBe(RESULT.unknownSession);
    expect(a.machine.read('x')).toBe(null);
  });
});

const step = fc.record({
  op: fc.constantFrom<CommandName>('write', 'cas', 'append', 'add', 'delete'),
  key: fc.constantFrom('x', 'y', 'z'),
  value: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom('a', 'b')),
  expected: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constant(null)),
});

describe('hash and snapshot', () => {
  test('the hash depends on the state alone, however often it was asked before', () => {
    fc.assert(
      fc.property(fc.array(step), fc.array(fc.boolean()), (steps, asks) => {
        const asked = new Applier();
        const silent = new Applier();
        steps.forEach(({ op, key, value, expected }, i) => {
          const amount = op === 'add' && typeof value !== 'number' ? 1 : value;
          asked.do(op, amount, expected, key);
          silent.do(op, amount, expected, key);
          if (asks[i] === true) asked.machine.stateHash();
        });
        expect(asked.machine.stateHash()).toBe(silent.machine.stateHash());
        const restored = decodeSnapshot(snapshotOf(asked.machine).bytes, 10).machine;
        expect(restored.stateHash()).toBe(asked.machine.stateHash());
        for (const key of ['x', 'y', 'z']) expect(restored.read(key)).toEqual(asked.machine.read(key));
      }),
    );
  });

  test('different states have different hashes; so have different sessions', () => {
    const a = new Applier();
    const b = new Applier();
    a.do('write', 1);
    b.do('write', 2);
    expect(a.machine.stateHash()).not.toBe(b.machine.stateHash());
    const withoutSessions = encodeSnapshot(
      { index: 9, term: 2, prefixHash: 5, stateHash: 0, configuration },
      a.machine,
      false,
    );
    expect(decodeSnapshot(withoutSessions.bytes, 10).machine.stateHash()).not.toBe(a.machine.stateHash());
  });

  test('a changed bit anywhere in a snapshot is noticed', () => {
    const a = new Applier();
    a.do('write', 'hello');
    const { bytes } = snapshotOf(a.machine);
    expect(decodeSnapshot(bytes, 10).snapshot).toMatchObject({
      index: 9,
      term: 2,
      prefixHash: 5,
      configuration,
    });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => decodeSnapshot(damaged, 10)).toThrow(MalformedError);
    }
    expect(() => decodeSnapshot(bytes.slice(0, -1), 10)).toThrow(MalformedError);
  });
});
