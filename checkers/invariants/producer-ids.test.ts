/** Producer ids that brokers say they were given: twice, and side by side. */
import { describe, expect, it } from 'vitest';
import type { TraceRecord } from '../../harness/history/trace.ts';
import { ProducerIds } from './producer-ids.ts';

const given = (time: number, node: string, firstId: number, count = 1000): TraceRecord => ({
  node,
  time,
  event: { kind: 'producer-ids', firstId, count },
});

const judge = (...records: readonly TraceRecord[]) => {
  const ids = new ProducerIds();
  const anomalies = records.flatMap((record) => ids.observe(record) ?? []);
  return { names: anomalies.map(({ name }) => name), anomalies, ...ids.figures() };
};

describe('producer ids', () => {
  it('that two brokers are given, as by a controller that forgot them in its snapshot', () => {
    const { names, anomalies } = judge(given(1, 'n1', 0), given(2, 'n2', 1000), given(3, 'n3', 0));
    expect(names).toEqual(['producer-ids-given-twice']);
    expect(anomalies[0]?.explanation).toMatch(
      /^n3 is given producer id 0, which n1 has been given\. n3 at .*: producer ids 0 to 999 — contradicts — n1 at .* once\.$/,
    );
  });

  it('that one broker is given twice, or in part', () => {
    expect(judge(given(1, 'n1', 0), given(2, 'n1', 0)).names).toEqual(['producer-ids-given-twice']);
    expect(judge(given(1, 'n1', 1000), given(2, 'n2', 0, 1001)).names).toEqual(['producer-ids-given-twice']);
  });

  it('side by side, also where a later block is told of first', () => {
    expect(judge(given(1, 'n2', 1000), given(2, 'n1', 0), given(3, 'n1', 2000))).toMatchObject({
      names: [],
      producerIdBlocks: 3,
    });
  });
});
