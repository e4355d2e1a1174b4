/** Our plain client against nodes of ours in the simulator. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import { inSim } from './testing/kraft-in-sim.ts';

describe('sends and polls', () => {
  test('a topic comes to be with its first use; what is sent is polled', async () => {
    await inSim({ options: { partitions: 2 } }, async ({ cluster, ok, eventually }) => {
      const client = await cluster.openClient('n1', 1);
      await eventually(client, 'send', [['send', 't0-0', 'a']]);
      expect(
        await ok(client, 'send', [
          ['send', 't0-0', 'b'],
          ['send', 't0-0', { c: 1 }],
          ['send', 't0-1', 'd'],
        ]),
      ).toEqual([
        ['send', 't0-0', [1, 'b']],
        ['send', 't0-0', [2, { c: 1 }]],
        ['send', 't0-1', [0, 'd']],
      ]);
      const reader = await cluster.openClient('n2', 2);
      await ok(reader, 'assign', ['t0-0', 't0-1']);
      const polled: Json = [
        [
          'poll',
          {
            't0-0': [
              [0, 'a'],
              [1, 'b'],
              [2, { c: 1 }],
            ],
            't0-1': [[0, 'd']],
          },
        ],
      ];
      expect(await ok(reader, 'poll', [['poll']])).toEqual(polled);
      expect(await ok(reader, 'poll', null)).toEqual([['poll', {}]]);
      await ok(reader, 'seek', { 't0-0': 2 });
      expect(await ok(reader, 'poll', null)).toEqual([['poll', { 't0-0': [[2, { c: 1 }]] }]]);
      expect(await ok(reader, 'list-offsets', null)).toEqual({
        't0-0': { low: 0, high: 3 },
        't0-1': { low: 0, high: 1 },
      });
    });
  });
});
