/** The workloads on logs, run to their verdicts against logs in memory: right ones pass, each fault is found. */
import { describe, expect, it } from 'vitest';
import type { Json } from '../harness/history/operation.ts';
import { listOf } from '../checkers/findings/findings.ts';
import { type RunOptions, runWorkload } from './testing/run-workload.ts';
import { type ToyBug, ToyKafka } from './testing/toy-kafka.ts';

function run(name: string, bug?: ToyBug, options: RunOptions = {}) {
  const kafka = new ToyKafka(bug === undefined ? {} : { bug });
  return runWorkload(name, () => kafka.open(), options);
}

const CORRECT: readonly (readonly [name: string, options: RunOptions])[] = [
  ['log', {}],
  ['log', { options: { consumers: 'subscribe', crashes: 0.02 } }],
  ['log', { options: { transactions: true } }],
  ['log', { doubt: 0.02, options: { idempotence: false, acks: 1 } }],
  ['group', {}],
  ['group', { doubt: 0.02 }],
];

describe('logs that are right', () => {
  it.each(CORRECT)('%s passes with %j', async (name, options) => {
    for (const seed of [1, 2, 3]) {
      const { verdicts } = await run(name, undefined, { ...options, seed });
      for (const { checker, valid, anomalies } of verdicts) {
        expect({ checker, seed, valid, found: anomalies.map(({ explanation }) => explanation) }).toEqual({
          checker,
          seed,
          valid: true,
          found: [],
        });
      }
    }
  });
});

describe('logs that are wrong', () => {
  it.each([
    ['log', 'loses', ['content-mismatch', 'phantom']],
    ['log', 'doubles', ['duplicate']],
    ['log', 'skips', ['poll-skip']],
    ['group', 'forgets-commits', ['committed-offset-regression']],
    ['group', 'shares-a-partition', ['owned-twice']],
    ['group', 'ignores-commits', ['commit-ignored']],
    ['group', 'accepts-old-generations', ['fenced-commit-accepted']],
  ] as [string, ToyBug, string[]][])('%s finds a broker that %s', async (name, bug, names) => {
    const found = new Set<string>();
    for (let seed = 1; seed <= 5; seed++) {
      for (const anomaly of (await run(name, bug, { seed })).names) found.add(anomaly);
    }
    for (const anomaly of names) expect([...found]).toContain(anomaly);
  });
});

describe('the workload log', () => {
  it('sends no value twice, and is the same for the same seed', async () => {
    const { history } = await run('log', undefined, { options: { transactions: true } });
    const values = history.operations
      .filter(({ type, f }) => type === 'invoke' && (f === 'send' || f === 'txn'))
      .flatMap(({ value }) => listOf(value).map(listOf))
      .filter(([f]) => f === 'send')
      .map(([, , value]) => value as Json);
    expect(values.length).toBeGreaterThan(200);
    expect(new Set(values).size).toBe(values.length);
    const again = await run('log', undefined, { options: { transactions: true } });
    expect(again.history.operations).toEqual(history.operations);
  });

  it('ends with polls of every partition by every thread', async () => {
    const { history, finalFrom } = await run('log');
    const final = history.operations.slice(finalFrom);
    const assigned = final.filter(({ type, f }) => type === 'invoke' && f === 'assign');
    expect(assigned).toHaveLength(5);
    for (const { value } of assigned) {
      expect(value).toEqual({
        't0-0': 'beginning',
        't0-1': 'beginning',
        't1-0': 'beginning',
        't1-1': 'beginning',
      });
    }
    // One that finds everything, and three that find nothing more.
    expect(final.filter(({ type, f }) => type === 'invoke' && f === 'poll')).toHaveLength(20);
  });

  it('a thread gives up where nobody answers', async () => {
    const { history, finalFrom } = await runWorkload(
      'log',
      () => ({
        invoke: () => Promise.resolve({ type: 'fail', error: { code: 'not-sent' } }),
        close: () => undefined,
      }),
      { seconds: 1 },
    );
    expect(history.operations.slice(finalFrom).filter(({ type }) => type === 'invoke')).toHaveLength(600);
  });

  it('refuses options that make no sense', async () => {
    await expect(run('log', undefined, { options: { acks: 2 } })).rejects.toThrow(
      '--option acks=2: wants -1, 1 or 0',
    );
    await expect(run('log', undefined, { options: { isolation: 'none' } })).rejects.toThrow(
      'wants read-committed',
    );
    await expect(run('log', undefined, { options: { consumers: 'all' } })).rejects.toThrow(
      'wants assign or subscribe',
    );
  });
});
