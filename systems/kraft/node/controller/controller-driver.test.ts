/** The controller's driver on a quorum in memory, asked over the simulator's network. */
import { describe, expect, test } from 'vitest';
import { APIS } from '../../wire/apis.ts';
import { ERROR, errorName } from '../../wire/error-codes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';
import { encodeRequest } from '../../wire/requests.ts';
import { CLUSTER_ID } from './testing/asker.ts';
import type { Controllers } from './testing/controllers.ts';
import { withControllers } from './testing/controllers.ts';

const NONE = { kind: 'answer', errors: ['NONE'] };
const NOT_CONTROLLER = { kind: 'answer', errors: ['NOT_CONTROLLER'] };

async function ready(rig: Controllers, brokers = 1): Promise<void> {
  rig.quorum.elect(1);
  await rig.sleep(50);
  for (let id = 11; id < 11 + brokers; id++) await rig.join(1, id);
}

const logsOf = (rig: Controllers, node: string): string => rig.cluster.logs(node).join('\n');

describe('leadership', () => {
  test('activates when the quorum says so, and says what it knows', async () => {
    await withControllers({}, async (rig) => {
      expect(rig.driver(1).status()).toEqual({
        active: false,
        controllerId: null,
        epoch: 0,
        committedOffset: -1,
      });
      await ready(rig);
      const status = rig.driver(1).status();
      expect(status).toMatchObject({ active: true, controllerId: 1, epoch: 1 });
      expect(status.committedOffset).toBeGreaterThan(3);
      expect(rig.driver(2).status()).toEqual({ ...status, active: false });
      expect(rig.quorum.records.slice(0, 2)).toMatchObject([
        { type: 'feature-level', name: 'metadata.version' },
        { type: 'feature-level' },
      ]);
      expect(logsOf(rig, 'n1')).toMatch(
        /is the active controller.*broker 11 is registered.*broker 11 was unfenced/s,
      );
      expect(logsOf(rig, 'n2')).not.toContain('broker 11');
    });
  });

  test('whoever is not active refuses', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      expect(await rig.ask(2, 'allocateProducerIds', 0, { brokerId: 11, brokerEpoch: 3 })).toMatchObject({
        errorCode: ERROR.NOT_CONTROLLER,
      });
      expect(await rig.createTopics(2, 'orders')).toEqual({ kind: 'refused', reason: 'NOT_CONTROLLER' });
    });
  });

  test('why a broker was refused is in the log: its answer has no room for it', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      const { brokerId, clusterId } = { brokerId: 12, clusterId: 'another' };
      const incarnationId = 'AAAAAAAAAAAAAAAAAAAAQQ';
      const listeners = [{ name: 'PLAINTEXT', host: 'b', port: 1 }];
      const registration = { brokerId, clusterId, incarnationId, listeners, features: [], rack: null };
      const answer = await rig.ask(1, 'brokerRegistration', 0, registration);
      expect(answer.errorCode).toBe(ERROR.INCONSISTENT_CLUSTER_ID);
      expect(logsOf(rig, 'n1')).toMatch(
        /warn.*refused a BrokerRegistration .*this is cluster \S+, not another.*"from":"\/client"/,
      );
    });
  });

  test('an answer waits for its commit', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.isHeld = true;
      const answer = rig.createTopics(1, 'orders', { partitions: 3 });
      await rig.sleep(1000);
      expect(rig.driver(1).image.topicByName('orders')).toBeUndefined();
      rig.quorum.isHeld = false;
      rig.quorum.commit();
      expect(await answer).toEqual(NONE);
      expect(rig.driver(1).image.topicByName('orders')?.partitions.size).toBe(3);
      expect(logsOf(rig, 'n1')).toContain('topic orders was created with 3 partitions');
    });
  });

  test('waiting answers say NOT_CONTROLLER when leadership is lost; the successor knows what was answered', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      expect(await rig.createTopics(1, 'answered')).toEqual(NONE);
      rig.quorum.isHeld = true;
      const lost = rig.createTopics(1, 'lost');
      await rig.sleep(100);
      rig.quorum.isHeld = false;
      rig.quorum.elect(2);
      expect(await lost).toEqual(NOT_CONTROLLER);
      await rig.sleep(100);
      expect(rig.driver(1).status()).toMatchObject({ active: false, controllerId: 2 });
      expect(rig.driver(2).status()).toMatchObject({ active: true, epoch: 2 });
      expect([...rig.driver(2).image.topics.values()].map(({ name }) => name)).toEqual(['answered']);
      expect(await rig.createTopics(2, 'lost')).toEqual(NONE);
      expect(rig.driver(1).snapshotRecords()).toEqual(rig.driver(2).snapshotRecords());
      // And back: the first one forgot what it had decided and nobody committed.
      rig.quorum.elect(1);
      await rig.sleep(100);
      expect(await rig.createTopics(1, 'orders')).toEqual(NONE);
    });
  });

  test('what was refused so may still take effect', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.isHeld = true;
      const lost = rig.createTopics(1, 'orders');
      await rig.sleep(100);
      rig.quorum.isHeld = false;
      rig.quorum.elect(2, { kept: 1 });
      expect(await lost).toEqual(NOT_CONTROLLER);
      await rig.sleep(100);
      expect(rig.driver(2).image.topicByName('orders')).toBeDefined();
    });
  });

  test('a quorum that takes no records ends it', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.deposeSilently();
      expect(await rig.createTopics(1, 'orders')).toEqual(NOT_CONTROLLER);
      expect(rig.driver(1).status().active).toBe(false);
      rig.quorum.elect(1);
      await rig.sleep(100);
      expect(await rig.createTopics(1, 'orders')).toEqual(NONE);
    });
  });

  test("the quorum's own records in between are skipped", async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.appendControl();
      const epoch = await rig.join(1, 12);
      expect(rig.quorum.log.some(({ baseOffset, records }) => records !== null && baseOffset === epoch)).toBe(
        true,
      );
      expect(rig.cluster.crashes).toEqual([]);
    });
  });
});

describe('time', () => {
  test('an asker waits as long as it says, and what it asked for may still happen', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.isHeld = true;
      const patient = rig.createTopics(1, 'patient', { timeoutMs: 5000 });
      const hasty = rig.createTopics(1, 'hasty', { timeoutMs: 300 });
      const atOnce = rig.createTopics(1, 'at-once', { timeoutMs: -1 });
      await rig.sleep(100);
      const timedOut = { kind: 'answer', errors: ['REQUEST_TIMED_OUT'] };
      expect(await atOnce).toEqual(timedOut);
      expect(await hasty).toEqual(timedOut);
      rig.quorum.isHeld = false;
      rig.quorum.commit();
      expect(await patient).toEqual(NONE);
      expect([...rig.driver(2).image.topics.values()].map(({ name }) => name).sort()).toEqual([
        ...['at-once', 'hasty', 'patient'],
      ]);
    });
  });

  test('a broker that is silent for a session is fenced, and others lead; who speaks is not', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig, 2);
      const epoch = rig.driver(1).image.brokers.get(12)?.epoch ?? -1;
      await rig.createTopics(1, 'orders', { partitions: 30, replicationFactor: 2 });
      for (let i = 0; i < 6; i++) {
        await rig.sleep(2000);
        expect(await rig.heartbeat(1, 12, epoch)).toMatchObject({ errorCode: ERROR.NONE, isFenced: false });
      }
      const { image } = rig.driver(3);
      expect([image.brokers.get(11)?.fenced, image.brokers.get(12)?.fenced]).toEqual([true, false]);
      const partitions = [...(image.topicByName('orders')?.partitions.values() ?? [])];
      expect(partitions.map(({ leader }) => leader)).toEqual(partitions.map(() => 12));
      expect(logsOf(rig, 'n1')).toMatch(/broker 11 was fenced.*orders-\d+: broker 12 leads after broker 11/s);
    });
  });

  test('a new controller gives everybody a whole session', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      await rig.sleep(8000);
      rig.quorum.elect(2);
      await rig.sleep(8000);
      expect(rig.driver(2).image.brokers.get(11)?.fenced).toBe(false);
      await rig.sleep(2000);
      expect(rig.driver(2).image.brokers.get(11)?.fenced).toBe(true);
    });
  });

  test('an idle controller appends a record that says nothing, so that brokers can be seen to follow', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      const before = rig.driver(2).status().committedOffset;
      await rig.sleep(5100);
      expect(rig.driver(2).status().committedOffset - before).toBe(10);
    });
  });
});

describe('what must not be', () => {
  test('records elsewhere than they were decided for end the node', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.shift = 1;
      expect(await rig.createTopics(1, 'orders')).toMatchObject({ kind: 'failed' });
      expect(rig.cluster.crashes).toMatchObject([
        { node: 'n1', message: expect.stringMatching(/are at \d+/) as string },
      ]);
    });
  });

  test('a record that cannot have happened ends whoever replays it', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.driver(2).committed(1000, [{ type: 'remove-topic', topicId: 'none' }]);
      await rig.sleep(10);
      const message = 'cannot replay the metadata log: remove-topic: there is no topic none';
      expect(rig.cluster.crashes).toMatchObject([{ node: 'n2', message }]);
    });
  });

  test('a snapshot that is no state ends the node; a good one replaces what was', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      await rig.createTopics(1, 'orders');
      const records = rig.driver(1).snapshotRecords();
      rig.driver(3).loadSnapshot(records, 500);
      expect(rig.driver(3).snapshotRecords()).toEqual(records);
      expect(rig.driver(3).status().committedOffset).toBe(500);
      rig.driver(3).loadSnapshot([{ type: 'remove-topic', topicId: 'none' }], 501);
      await rig.sleep(10);
      expect(rig.cluster.crashes).toMatchObject([{ node: 'n3' }]);
    });
  });

  test('an answer before the commit, but as a bug', async () => {
    await withControllers({ bugs: ['answer-before-commit'] }, async (rig) => {
      await ready(rig);
      rig.quorum.isHeld = true;
      expect(await rig.createTopics(1, 'orders')).toEqual(NONE);
      expect(rig.driver(1).image.topicByName('orders')).toBeUndefined();
    });
  });
});

describe('envelopes and clusters', () => {
  const envelope = async (rig: Controllers, requestData: Uint8Array): Promise<string> => {
    const body = { requestData, requestPrincipal: null, clientHostAddress: new Uint8Array(0) };
    const { errorCode, responseData } = await rig.ask(1, 'envelope', 0, body);
    expect(responseData).toBeNull();
    return errorName(errorCode);
  };

  test('what cannot be read, or is not for controllers, is refused; the connection goes on', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      const identity = { correlationId: 1, clientId: 'c' };
      const frames = [
        encodeRequest(APIS.metadata, 8, identity, { topics: null }),
        encodeRequest(APIS.apiVersions, 3, identity, {}),
        encodeRequest(APIS.describeCluster, 1, identity, { includeClusterAuthorizedOperations: false }),
        encodeRequest(APIS.brokerHeartbeat, 1, identity, {
          ...{ brokerId: 11, brokerEpoch: 1, currentMetadataOffset: 1, wantFence: true, wantShutDown: false },
        }),
      ].map((frame) => frame.subarray(LENGTH_BYTES));
      const whole = encodeRequest(APIS.deleteTopics, 3, identity, { topicNames: ['a'], timeoutMs: 1 });
      frames.push(
        whole.subarray(LENGTH_BYTES, whole.length - 6),
        whole,
        new Uint8Array(0),
        new Uint8Array(3),
      );
      for (const frame of frames) expect(await envelope(rig, frame)).toBe('INVALID_REQUEST');
      expect(rig.driver(1).image.brokers.get(11)?.fenced).toBe(false);
      expect(rig.cluster.crashes).toEqual([]);
    });
  });

  test('a request of more items than a batch should have is refused', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      const names = Array.from({ length: 100_001 }, (_, i) => `${i}`);
      const created = await rig.createTopics(1, names);
      expect(created.kind === 'answer' && new Set(created.errors)).toEqual(new Set(['POLICY_VIOLATION']));
    });
  });

  test('every controller tells of all, and who is active', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      const describe = (id: number, version: number, endpointType?: number) =>
        rig.ask(id, 'describeCluster', version, {
          includeClusterAuthorizedOperations: false,
          ...(endpointType !== undefined && { endpointType }),
        });
      const brokers = [1, 2, 3].map((brokerId) => ({
        brokerId,
        host: `n${brokerId}`,
        port: 9093,
        rack: null,
      }));
      const answer = { errorCode: 0, clusterId: CLUSTER_ID, controllerId: 1, brokers };
      expect(await describe(2, 1, 2)).toMatchObject({ ...answer, endpointType: 2 });
      expect(await describe(1, 0)).toMatchObject(answer);
      expect(await describe(1, 1)).toMatchObject({ errorCode: ERROR.INVALID_REQUEST, brokers: [] });
    });
  });
});

test('ten thousand partitions do not slow a new controller down', async () => {
  await withControllers({}, async (rig) => {
    await ready(rig, 3);
    const more = { partitions: 5000, replicationFactor: 3 };
    expect(await rig.createTopics(1, 'a', more)).toEqual(NONE);
    expect(await rig.createTopics(1, 'b', more)).toEqual(NONE);
    const beganMs = performance.now();
    const driver = rig.driver(2);
    rig.quorum.elect(2);
    driver.mayAct(rig.quorum.epoch, rig.quorum.endOffset);
    expect(performance.now() - beganMs).toBeLessThan(1000);
    expect(driver.status().active).toBe(true);
    expect(logsOf(rig, 'n2')).toContain('is the active controller');
  });
});

test('who stops takes part in nothing any more', async () => {
  await withControllers({}, async (rig) => {
    await ready(rig);
    rig.quorum.isHeld = true;
    const waiting = rig.createTopics(1, 'orders');
    await rig.sleep(50);
    rig.driver(1).close();
    expect(await waiting).toEqual(NOT_CONTROLLER);
    rig.driver(1).mayAct(9, 900);
    expect(rig.driver(1).status().active).toBe(false);
  });
});
