import { describe, expect, it } from 'vitest';
import type { FaultEffect, Json, Operation } from '../history/operation.ts';
import { NS_PER_S } from '../units.ts';
import type { Output } from './output.ts';
import { Progress } from './progress.ts';

/** A progress line on a terminal whose clock stands still until it is moved. */
function start(isTerminal = true) {
  const lines: string[] = [];
  let nowMs = 0;
  const output: Output = {
    isTerminal,
    print: () => expect.unreachable(),
    note: () => expect.unreachable(),
    live: (text) => lines.push(text),
  };
  const progress = new Progress({ output, limitS: 35, label: 'seed 3 of 50 · ', nowMs: () => nowMs });
  let index = 0;
  const operation = (type: Operation['type'], atS: number, more: Partial<Operation> = {}): void => {
    const common = { index: index++, time: atS * NS_PER_S, process: 0, f: 'write', value: 1 };
    progress.operation({ ...common, type, ...more });
  };
  const fault = (atS: number, effect: Partial<FaultEffect>): void => {
    const value = { fault: 'partition', nodes: ['n3'], description: '', parameters: null, ...effect };
    operation('ok', atS, { process: 'nemesis', f: 'cut', value: value as unknown as Json });
  };
  /** Draws: an operation of the nemesis always looks. */
  const look = (atS: number): string => {
    nowMs += 1000;
    operation('invoke', atS, { process: 'nemesis', f: 'cut' });
    return lines.at(-1) as string;
  };
  return { progress, operation, fault, look, lines };
}

describe('the live line', () => {
  it('tells time, operations, rate, outcomes, faults and leader', () => {
    const { progress, operation, fault, look } = start();
    for (const type of [
      'invoke',
      'ok',
      'invoke',
      'ok',
      'invoke',
      'fail',
      'invoke',
      'info',
      'invoke',
    ] as const) {
      operation(type, 1);
    }
    expect(look(2)).toBe(
      'seed 3 of 50 · 2.0 s of 35 s · 5 operations, 5/s · 2 ok 1 fail 1 info · no fault · no leader',
    );
    progress.trace({
      node: 'n1',
      time: 0,
      event: { kind: 'role', role: 'leader', term: 4, leader: 'n1' } as never,
    });
    fault(3, { edge: 'begin', faultId: 1 });
    expect(look(12.34)).toMatch(
      /· 12\.3 s of 35 s · 5 operations, 3\/s · .* · partition n3 · leader n1 \(term 4\)$/,
    );
    fault(13, { edge: 'begin', faultId: 2, fault: 'kill', nodes: ['n1', 'n2'] });
    expect(look(14)).toMatch(/ · partition n3, kill n1 n2 · /);
    fault(15, { edge: 'end', faultId: 1 });
    fault(15, { edge: 'instant', faultId: 3, fault: 'clock' });
    expect(look(16)).toMatch(/ · kill n1 n2 · /);
    for (const faultId of [4, 5, 6]) {
      fault(17, { edge: 'begin', faultId, nodes: ['n1', 'n2', 'n3', 'n4'] });
    }
    expect(look(18)).toMatch(/ · kill n1 n2, partition \(4 nodes\), partition \(4 nodes\) and 1 more · /);
  });

  it('names the leader of the latest term, as long as it leads', () => {
    const { progress, look } = start();
    const role = (node: string, kind: string, term: number): void =>
      progress.trace({ node, time: 0, event: { kind: 'role', role: kind, term } as never });
    role('n1', 'leader', 2);
    role('n2', 'leader', 3);
    role('n1', 'follower', 3);
    expect(look(1)).toMatch(/leader n2 \(term 3\)$/);
    role('n3', 'leader', 1);
    expect(look(1)).toMatch(/leader n2 \(term 3\)$/);
    progress.trace({ node: 'n2', time: 0, event: { kind: 'stop', reason: 'kill' } as never });
    expect(look(1)).toMatch(/no leader$/);
    role('n2', 'leader', 4);
    role('n2', 'candidate', 5);
    expect(look(1)).toMatch(/no leader$/);
  });

  it('is drawn now and then, not for each operation, and for nobody but people', () => {
    const busy = start();
    for (let i = 0; i < 10_000; i++) busy.operation('invoke', 1);
    expect(busy.lines).toHaveLength(1);
    const piped = start(false);
    piped.look(1);
    expect(piped.lines).toEqual([]);
  });
});
