import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkBudget } from './check-budget.ts';
import { interruptOnSignal, type SignalInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';

const notes: string[] = [];
const lines: string[] = [];
const output: Output = {
  isTerminal: true,
  print: () => undefined,
  note: (text) => notes.push(text),
  live: (text) => lines.push(text),
};

describe('interruptOnSignal', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  let interrupt: SignalInterrupt;
  const others = process.listeners('SIGINT');

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
    notes.length = 0;
    exit.mockClear();
    interrupt = interruptOnSignal(output);
  });
  afterEach(() => {
    interrupt.letSignalsEnd();
    vi.useRealTimers();
  });

  it('tells once that the run has to end, and ends the process at the second signal', () => {
    const called: string[] = [];
    interrupt.onRequest(() => called.push('kept'));
    const takeBack = interrupt.onRequest(() => called.push('taken back'));
    takeBack();
    expect(interrupt.requested).toBe(false);
    process.emit('SIGINT', 'SIGINT');
    expect(interrupt.requested).toBe(true);
    expect(called).toEqual(['kept']);
    expect(notes).toEqual([expect.stringMatching(/^interrupted: .*once more to quit at once/)]);
    expect(exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    process.emit('SIGINT', 'SIGINT');
    expect(exit).toHaveBeenCalledWith(130);
    process.emit('SIGTERM', 'SIGTERM');
    expect(exit).toHaveBeenLastCalledWith(143);
    expect(called).toEqual(['kept']);
  });

  it('takes what comes at the same moment for a copy', () => {
    process.emit('SIGINT', 'SIGINT');
    vi.advanceTimersByTime(50);
    process.emit('SIGINT', 'SIGINT');
    expect(exit).not.toHaveBeenCalled();
  });

  it('waits until no copy can come any more', async () => {
    await interrupt.settle();
    process.emit('SIGINT', 'SIGINT');
    let settled = false;
    const waiting = interrupt.settle().then(() => (settled = true));
    await Promise.resolve();
    expect(settled).toBe(false);
    interrupt.letSignalsEnd();
    interrupt.listen();
    vi.useRealTimers();
    await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 10))]);
  });

  it('leaves signals to the system while work goes on that never looks up', () => {
    const mine = (): number => process.listeners('SIGINT').length - others.length;
    expect(mine()).toBe(1);
    interrupt.letSignalsEnd();
    expect(mine()).toBe(0);
    interrupt.listen();
    interrupt.listen();
    expect(mine()).toBe(1);
  });
});

describe('checkBudget', () => {
  it('is overdue after its time, draws a line now and then, and says once that it takes long', () => {
    let nowMs = 100;
    let long = 0;
    lines.length = 0;
    const { isOverdue, onProgress } = checkBudget({
      output,
      label: 'checking',
      budgetMs: 10_000,
      onLong: () => long++,
      nowMs: () => nowMs,
    });
    expect(isOverdue()).toBe(false);
    expect(lines).toEqual([]);
    nowMs += 1_000;
    onProgress(0.256);
    expect(lines).toEqual(['checking: 25 %, 1 s of at most 10 s']);
    expect(long).toBe(0);
    nowMs += 8_000;
    onProgress(1);
    nowMs += 1_000;
    expect(isOverdue()).toBe(false);
    expect(lines.at(-1)).toBe('checking: 10 s of at most 10 s');
    expect(long).toBe(1);
    nowMs += 1;
    expect(isOverdue()).toBe(true);
    expect(long).toBe(1);
  });
});
