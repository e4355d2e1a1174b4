/** What `server.properties` and dynamic configurations do to the logs of a broker. */
import { describe, expect, test } from 'vitest';
import { withReplicas, type ReplicaCluster } from './testing/replica-cluster.ts';
import type { ReplicaClient } from './testing/replica-client.ts';

const SMALL_SEGMENTS = { configs: { 'segment.bytes': '200' } };
const RECORDS = 10;
/** How long records must lie before retention sees that they are old, and its round has come. */
const LONG_MS = 8000;

async function fill(cluster: ReplicaCluster, client: ReplicaClient): Promise<void> {
  const timestampMs = cluster.wallMs;
  for (let i = 0; i < RECORDS; i++) await client.produce('t', 0, [`v${i}`], { timestampMs });
}

const logStart = async (client: ReplicaClient): Promise<number> =>
  (await client.listOffsets('t', 0, -2)).offset;

describe('retention', () => {
  const EVERY_SECOND = 'log.retention.check.interval.ms=1000';

  test.each([
    { line: 'log.retention.ms=2000', from: RECORDS },
    { line: 'log.retention.ms=3600000', from: 0 },
  ])('$line of the file', async ({ line, from }) => {
    await withReplicas({ brokers: 1, properties: [EVERY_SECOND, line] }, async (cluster) => {
      const client = await cluster.serve('t', SMALL_SEGMENTS);
      await fill(cluster, client);
      await cluster.sleep(LONG_MS);
      expect(await logStart(client)).toBe(from);
    });
  });

  test('what was set for a broker counts there, more than what was set for all, and nowhere else', async () => {
    await withReplicas({ brokers: 2, properties: [EVERY_SECOND] }, async (cluster) => {
      const client = await cluster.serve('t', SMALL_SEGMENTS);
      await fill(cluster, client);
      cluster.setBrokerConfig('2', 'log.retention.ms', '2000');
      await cluster.sleep(LONG_MS);
      expect(await logStart(client)).toBe(0);
      cluster.setBrokerConfig('', 'log.retention.ms', '3600000');
      cluster.setBrokerConfig('1', 'log.retention.ms', '2000');
      await cluster.sleep(2000);
      expect(await logStart(client)).toBe(RECORDS);
    });
  });
});
