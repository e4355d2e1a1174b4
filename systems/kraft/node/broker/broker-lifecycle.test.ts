/** Brokers that come and go, against real controllers in the simulator. */
import { describe, expect, test } from 'vitest';
import { withBrokers } from './testing/broker-cluster.ts';

describe('a broker that starts', () => {
  test('registers, catches up, and is unfenced', async () => {
    await withBrokers({}, async (rig) => {
      expect(rig.broker(4).lifecycle.state).toBe('starting');
      await rig.allRunning();
      for (const { metadata, lifecycle, changes } of rig.allBrokers) {
        expect(metadata.brokerEpoch).toBe(lifecycle.brokerEpoch);
        expect(metadata.isCaughtUp).toBe(true);
        expect(changes[0]).toMatchObject({ brokersChanged: true, configs: null });
      }
      const { image } = rig.broker(4).metadata;
      const fences = [...image.brokers.values()].map(({ id, fenced }) => [id, fenced]);
      expect(fences.sort()).toEqual([
        [4, false],
        [5, false],
        [6, false],
      ]);
    });
  });
});
