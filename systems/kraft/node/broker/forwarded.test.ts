/** Requests that a broker passes on, against real controllers. */
import { describe, expect, test } from 'vitest';
import { RESOURCE_TYPE } from '../../wire/api/configs.ts';
import { ELECTION_TYPE } from '../../wire/api/topics.ts';
import { ZERO_UUID } from '../../wire/bytes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { withBrokers } from './testing/broker-cluster.ts';

const timeoutMs = 5000;

describe('what the active controller decides', () => {
  test('any broker passes on, and the answer comes back', async () => {
    await withBrokers({}, async (rig) => {
      await rig.allRunning();
      expect(await rig.createTopic(5, 'orders', 1, 3)).toBe(ERROR.NONE);
      expect(await rig.createTopic(6, 'orders')).toBe(ERROR.TOPIC_ALREADY_EXISTS);
      const topics = [{ name: 'orders', count: 2, assignments: null }];
      expect(
        await rig.ask(6, 'createPartitions', 1, { topics, timeoutMs, validateOnly: false }),
      ).toMatchObject({ results: [{ name: 'orders', errorCode: ERROR.NONE }] });
      const configs = [{ name: 'retention.ms', value: '1000' }];
      const resources = [{ resourceType: RESOURCE_TYPE.topic, resourceName: 'orders', configs }];
      expect(await rig.ask(4, 'alterConfigs', 1, { resources, validateOnly: false })).toMatchObject({
        responses: [{ errorCode: ERROR.NONE }],
      });
      const elections = {
        ...{ electionType: ELECTION_TYPE.preferred, timeoutMs },
        topicPartitions: [{ topic: 'orders', partitions: [0] }],
      };
      expect(await rig.ask(5, 'electLeaders', 1, elections)).toMatchObject({
        replicaElectionResults: [
          { topic: 'orders', partitionResult: [{ errorCode: ERROR.ELECTION_NOT_NEEDED }] },
        ],
      });
      const reassigned = [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas: [4] }] }];
      expect(
        await rig.ask(4, 'alterPartitionReassignments', 0, { topics: reassigned, timeoutMs }),
      ).toMatchObject({ errorCode: ERROR.NONE, responses: [{ partitions: [{ errorCode: ERROR.NONE }] }] });
      expect(await rig.ask(6, 'listPartitionReassignments', 0, {})).toMatchObject({ errorCode: ERROR.NONE });
      const deleted = await rig.ask(6, 'deleteTopics', 3, { topicNames: ['orders', 'nothing'], timeoutMs });
      expect(deleted.responses.map(({ errorCode }) => errorCode)).toEqual([
        ERROR.NONE,
        ERROR.UNKNOWN_TOPIC_OR_PARTITION,
      ]);
    });
  });

  test('waits for the next controller when there is none', async () => {
    await withBrokers({}, async (rig) => {
      await rig.allRunning();
      rig.quorum.depose();
      const created = rig.createTopic(4, 'orders');
      await rig.sleep(1000);
      rig.quorum.elect(2);
      expect(await created).toBe(ERROR.NONE);
    });
  });

  test('is answered that nobody knows when the controller that may have taken it is gone', async () => {
    await withBrokers({}, async (rig) => {
      rig.quorum.elect(2);
      await rig.allRunning();
      rig.quorum.isHeld = true;
      const created = rig.createTopic(4, 'orders');
      await rig.sleep(100);
      await rig.cluster.kill('n2');
      await rig.sleep(100);
      rig.quorum.isHeld = false;
      rig.quorum.elect(3, { kept: 1 });
      expect(await created).toBe(ERROR.REQUEST_TIMED_OUT);
      // It was kept.
      await rig.until(() => rig.broker(4).metadata.image.topicByName('orders') !== undefined);
    });
  });
});

describe('what concerns the quorum', () => {
  test('is asked of it, and answered that nobody knows where it does not answer', async () => {
    const describeQuorum = {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    };
    const voter = { clusterId: null, voterId: 9, voterDirectoryId: ZERO_UUID };
    await withBrokers({ brokers: 1 }, async (rig) => {
      await rig.allRunning();
      rig.quorum.depose();
      const answers = await Promise.all([
        rig.ask(4, 'describeQuorum', 2, describeQuorum),
        rig.ask(4, 'addRaftVoter', 1, { ...voter, timeoutMs, listeners: [] }),
        rig.ask(4, 'removeRaftVoter', 0, voter),
      ]);
      for (const { errorCode, errorMessage } of answers) {
        expect([errorCode, errorMessage]).toEqual([
          ERROR.REQUEST_TIMED_OUT,
          expect.stringMatching(/no answer of the active controller|connection closed/) as string,
        ]);
      }
    });
  });
});
