/** The quorum in the simulator: driver, disk, network, and listeners that hear it. */
import { describe, expect, test } from 'vitest';
import { sToNs } from '../../../../harness/units.ts';
import type { Heard, QuorumSetup, ShakenQuorum } from './testing/quorum-program.ts';
import { activeOf, quorumCluster, recordOf } from './testing/quorum-program.ts';

async function inQuorum<T>(setup: QuorumSetup, body: (quorum: ShakenQuorum) => Promise<T>): Promise<T> {
  const quorum = quorumCluster(setup);
  const { sim } = quorum;
  try {
    return await sim.run(async () => {
      await sim.start();
      return body(quorum);
    });
  } finally {
    await sim.stop();
  }
}

const heardBy = ({ heard }: ShakenQuorum, node: string): Heard => heard.get(node) as Heard;

describe('without faults', () => {
  test('elects, appends, and tells all four', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      const { driver } = heardBy(quorum, active);
      expect(driver?.append([recordOf('a', '1'), recordOf('b', '2')])).toEqual({ baseOffset: 1 });
      expect(driver?.append([recordOf('a', '3')])).toEqual({ baseOffset: 3 });
      await quorum.sim.clock.sleep(sToNs(1));
      for (const [node, { state, nextOffset, leader, disorder }] of quorum.heard) {
        expect([node, [...state], nextOffset, disorder]).toEqual([
          node,
          [
            ['a', '3'],
            ['b', '2'],
          ],
          4,
          [],
        ]);
        expect(leader).toEqual({ leaderId: Number(active.slice(1)), epoch: 1 });
      }
      expect([quorum.sim.crashes, quorum.sim.invariantViolations]).toEqual([[], []]);
    });
  });

  test('a node that does not lead appends nothing', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      for (const [node, { driver }] of quorum.heard) {
        if (node !== active) expect(driver?.append([recordOf('a', '1')])).toBeNull();
      }
    });
  });
});
