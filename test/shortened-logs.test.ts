/** Logs that lose their beginning while they are read, by retention and by DeleteRecords: what is gone by policy is nobody's loss. */
import { describe, expect, it } from 'vitest';
import { expectConsistent } from '../harness/cli/expect-consistent.ts';
import type { History } from '../harness/history/history.ts';

/** The highest low watermark that a client was told. */
const lowest = ({ operations }: History): number =>
  Math.max(
    ...operations
      .filter(({ f, type }) => f === 'list-offsets' && type === 'ok')
      .flatMap(({ value }) => Object.values(value as Record<string, { low: number }>).map(({ low }) => low)),
  );

const RUN = { system: 'kraft', workload: 'log', nemesis: 'kill', timeLimitS: 8 } as const;

describe('a log that loses its beginning', () => {
  it('by retention', { timeout: 240_000 }, async () => {
    const options = {
      topics: 1,
      'log.segment.bytes': 512,
      'log.retention.bytes': 1024,
      'log.retention.check.interval.ms': 100,
    };
    const { history } = await expectConsistent({ ...RUN, rate: 200, options });
    expect(lowest(history)).toBeGreaterThan(20);
  });

  it.each(['plain', 'kafkajs'])('by DeleteRecords, beside %s', { timeout: 240_000 }, async (client) => {
    const { history } = await expectConsistent({ ...RUN, options: { client, trims: 0.05 } });
    expect(lowest(history)).toBeGreaterThan(5);
  });
});
