/** The unmodified kafkajs against nodes of ours in the simulator. */
import { describe, expect, test } from 'vitest';
import { inSim } from '../testing/kraft-in-sim.ts';

describe('kafkajs in the simulator', () => {
  test('sends, and polls what was sent', async () => {
    await inSim({ options: { client: 'kafkajs', partitions: 2 } }, async ({ cluster, ok, eventually }) => {
      const client = await cluster.openClient('n1', 1);
      await eventually(client, 'send', [['send', 't0-0', 'a']]);
      expect(
        await ok(client, 'send', [
          ['send', 't0-0', 'b'],
          ['send', 't0-0', 'c'],
          ['send', 't0-1', 'd'],
        ]),
      ).toEqual([
        ['send', 't0-0', [1, 'b']],
        ['send', 't0-0', [2, 'c']],
        ['send', 't0-1', [0, 'd']],
      ]);
      const reader = await cluster.openClient('n2', 2);
      await ok(reader, 'assign', ['t0-0']);
      expect(await eventually(reader, 'poll', null)).toEqual([
        [
          'poll',
          {
            't0-0': [
              [0, 'a'],
              [1, 'b'],
              [2, 'c'],
            ],
          },
        ],
      ]);
      expect(await ok(reader, 'poll', null)).toEqual([['poll', {}]]);
      await ok(client, 'send', [['send', 't0-0', 'e']]);
      expect(await ok(reader, 'poll', null)).toEqual([['poll', { 't0-0': [[3, 'e']] }]]);
      await ok(reader, 'seek', { 't0-0': 2 });
      expect(await ok(reader, 'poll', null)).toEqual([
        [
          'poll',
          {
            't0-0': [
              [2, 'c'],
              [3, 'e'],
            ],
          },
        ],
      ]);
    });
  });
});
