import { describe, expect, it } from 'vitest';
import {
  clients,
  type Generator,
  limit,
  nemesis as onNemesis,
  anyOf,
  repeat,
} from '../harness/generator/index.ts';
import { type SimulatedEvent, simulate } from '../harness/generator/simulate.ts';
import { NS_PER_MS } from '../harness/units.ts';
import { composeNemeses, type NemesisDefinition, nemeses } from './index.ts';

const NODES = ['n1', 'n2', 'n3'];

function generatorOf(names: string, intervalMs = 1_000): Generator {
  const definitions = names.split(',').map((name) => nemeses.get(name) as NemesisDefinition);
  return composeNemeses(definitions).generator(NODES, { intervalMs, seed: 1 });
}

function invocations(names: string, count: number, seed = 1): SimulatedEvent[] {
  const events = simulate(onNemesis(limit(count, generatorOf(names))), { seed });
  return events.filter(({ type }) => type === 'invoke');
}

const line = ({ time, f, value }: SimulatedEvent): string =>
  `${String(Math.round(time / NS_PER_MS)).padStart(6)} ${f} ${JSON.stringify(value)}`;

describe('schedules', () => {
  it('begin, hold, end, wait', () => {
    expect(invocations('kill-leader', 6).map(line)).toMatchInlineSnapshot(`
      [
        "   312 kill {"fault":"kill-leader","target":"leader"}",
        "  1995 restart {"fault":"kill-leader"}",
        "  2932 kill {"fault":"kill-leader","target":"leader"}",
        "  4479 restart {"fault":"kill-leader"}",
        "  6305 kill {"fault":"kill-leader","target":"leader"}",
        "  7918 restart {"fault":"kill-leader"}",
      ]
    `);
  });

  it('run side by side, each with its own verbs', () => {
    expect(invocations('partition-one,power-loss-all,slow', 12).map(line)).toMatchInlineSnapshot(`
      [
        "    99 degrade {"fault":"slow","target":"random"}",
        "   312 cut {"fault":"partition-one","target":"one"}",
        "   628 kill {"fault":"power-loss-all","target":"all"}",
        "  1166 restore {"fault":"slow"}",
        "  1405 restart {"fault":"power-loss-all"}",
        "  1713 degrade {"fault":"slow","target":"leader"}",
        "  1995 heal {"fault":"partition-one"}",
        "  2360 restore {"fault":"slow"}",
        "  2865 kill {"fault":"power-loss-all","target":"all"}",
        "  2932 cut {"fault":"partition-one","target":"one"}",
        "  3720 restart {"fault":"power-loss-all"}",
        "  3914 kill {"fault":"power-loss-all","target":"all"}",
      ]
    `);
  });

  it('end what they began: verbs come in pairs', () => {
    for (const [name, { functions }] of nemeses) {
      if (name === 'none') continue;
      const events = invocations(name, 40);
      expect(events).toHaveLength(40);
      const ends = new Set(events.filter((_, i) => i % 2 === 1).map(({ f }) => f));
      expect(ends.size).toBe(1);
      expect(events.filter((_, i) => i % 2 === 0).every(({ f }) => !ends.has(f))).toBe(true);
      expect(functions).toEqual(expect.arrayContaining([...new Set(events.map(({ f }) => f))]));
      expect(events.every(({ value }) => (value as { fault: string }).fault === name)).toBe(true);
    }
  });

  it('mix all their ways to begin', () => {
    const targets = new Set(
      invocations('partition', 400).map(({ value }) => (value as { target?: string }).target),
    );
    targets.delete(undefined);
    expect([...targets].sort()).toEqual([
      'bridge',
      'halves',
      'leader',
      'majorities-ring',
      'minority-majority',
      'one',
      'one-way',
      'random',
    ]);
    const verbs = new Set(invocations('clock', 100).map(({ f }) => f));
    expect([...verbs].sort()).toEqual(['bump-clock', 'drift-clock', 'reset-clock', 'strobe-clock']);
  });

  it('hold and wait for the interval on average', () => {
    const times = invocations('kill', 2_000).map(({ time }) => time / NS_PER_MS);
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0));
    const mean = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
    expect(Math.abs(mean(gaps.filter((_, i) => i % 2 === 0)) - 1_000)).toBeLessThan(60);
    expect(Math.abs(mean(gaps.filter((_, i) => i % 2 === 1)) - 1_000)).toBeLessThan(60);
  });

  it('are the same for the same seed, and not put off by what clients do', () => {
    const alone = invocations('partition,kill', 10).map(line);
    expect(invocations('partition,kill', 10).map(line)).toEqual(alone);
    expect(invocations('partition,kill', 10, 2).map(line)).not.toEqual(alone);
    const amongClients = simulate(
      anyOf(
        onNemesis(limit(10, generatorOf('partition,kill'))),
        clients(limit(3_000, repeat({ f: 'read' }))),
      ),
      { seed: 1 },
    );
    const times = amongClients.filter(({ type, process }) => type === 'invoke' && process === 'nemesis');
    expect(times).toHaveLength(10);
    expect(times[0]?.time).toBeGreaterThan(0);
  });

  it('are empty for none', () => {
    expect(simulate(generatorOf('none'))).toEqual([]);
    expect(invocations('none,kill', 2)).toHaveLength(2);
  });
});
