/** The controller's driver on a quorum in memory, asked over the simulator's network. */
import { describe, expect, test } from 'vitest';
import { APIS } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';
import { readResponseHeader } from '../../wire/headers.ts';
import { Reader } from '../../wire/bytes.ts';
import { encodeRequest } from '../../wire/requests.ts';
import type { RequestInputBody } from '../../wire/apis.ts';
import type { Controllers } from './testing/controllers.ts';
import { withControllers } from './testing/controllers.ts';

const bytes = new Uint8Array(0);

const ordersWith = (count: number, timeoutMs = 5000, name = 'orders'): RequestInputBody<'createTopics'> => ({
  topics: [{ name, numPartitions: count, replicationFactor: 1, assignments: [], configs: [] }],
  timeoutMs,
});

/** The inner request as a broker passes it on; its response, or the envelope's error. */
async function forward(
  rig: Controllers,
  controller: number,
  body: RequestInputBody<'createTopics'>,
  correlationId = 7,
) {
  const frame = encodeRequest(APIS.createTopics, 4, { correlationId, clientId: 'kafkajs' }, body);
  const outcome = await rig.send(controller, 'envelope', 0, {
    requestData: frame.subarray(LENGTH_BYTES),
    requestPrincipal: null,
    clientHostAddress: bytes,
  });
  if (outcome.kind === 'failed') throw new Error(outcome.reason);
  const { errorCode, responseData } = outcome.body;
  if (responseData === null) return { errorCode, correlationId: null, topics: [] };
  const reader = new Reader(responseData);
  const inner = readResponseHeader(reader, 0);
  const { topics } = APIS.createTopics.response.decode(reader, 4);
  return { errorCode, correlationId: inner, topics };
}

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
      expect(await forward(rig, 2, ordersWith(1))).toMatchObject({ errorCode: ERROR.NOT_CONTROLLER });
    });
  });

  test('an answer waits for its commit', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.isHeld = true;
      const answer = forward(rig, 1, ordersWith(3));
      await rig.sleep(1000);
      expect(rig.driver(1).image.topicByName('orders')).toBeUndefined();
      rig.quorum.isHeld = false;
      rig.quorum.commit();
      expect(await answer).toEqual({
        errorCode: ERROR.NONE,
        correlationId: 7,
        topics: [{ name: 'orders', errorCode: ERROR.NONE, errorMessage: null }],
      });
      expect(rig.driver(1).image.topicByName('orders')?.partitions.size).toBe(3);
      expect(logsOf(rig, 'n1')).toContain('topic orders was created with 3 partitions');
    });
  });

  test('waiting answers say NOT_CONTROLLER when leadership is lost; the successor knows what was answered', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      expect((await forward(rig, 1, ordersWith(1, 5000, 'answered'))).errorCode).toBe(ERROR.NONE);
      rig.quorum.isHeld = true;
      const lost = forward(rig, 1, ordersWith(1, 5000, 'lost'));
      await rig.sleep(100);
      rig.quorum.isHeld = false;
      rig.quorum.elect(2);
      expect(await lost).toMatchObject({
        errorCode: ERROR.NONE,
        topics: [{ name: 'lost', errorCode: ERROR.NOT_CONTROLLER }],
      });
      await rig.sleep(100);
      expect(rig.driver(1).status()).toMatchObject({ active: false, controllerId: 2 });
      expect(rig.driver(2).status()).toMatchObject({ active: true, epoch: 2 });
      expect([...rig.driver(2).image.topics.values()].map(({ name }) => name)).toEqual(['answered']);
      expect((await forward(rig, 2, ordersWith(1, 5000, 'lost'))).topics[0]?.errorCode).toBe(ERROR.NONE);
      expect(rig.driver(1).snapshotRecords()).toEqual(rig.driver(2).snapshotRecords());
      // And back: the first one forgot what it had decided and nobody committed.
      rig.quorum.elect(1);
      await rig.sleep(100);
      expect((await forward(rig, 1, ordersWith(1))).topics[0]?.errorCode).toBe(ERROR.NONE);
    });
  });

  test('what was refused so may still take effect', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.isHeld = true;
      const lost = forward(rig, 1, ordersWith(1));
      await rig.sleep(100);
      rig.quorum.isHeld = false;
      rig.quorum.elect(2, { kept: 1 });
      expect((await lost).topics[0]?.errorCode).toBe(ERROR.NOT_CONTROLLER);
      await rig.sleep(100);
      expect(rig.driver(2).image.topicByName('orders')).toBeDefined();
    });
  });

  test('a quorum that takes no records ends it', async () => {
    await withControllers({}, async (rig) => {
      await ready(rig);
      rig.quorum.deposeSilently();
      expect((await forward(rig, 1, ordersWith(1))).topics[0]?.errorCode).toBe(ERROR.NOT_CONTROLLER);
      expect(rig.driver(1).status().active).toBe(false);
      rig.quorum.elect(1);
      await rig.sleep(100);
      expect((await forward(rig, 1, ordersWith(1))).topics[0]?.errorCode).toBe(ERROR.NONE);
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
