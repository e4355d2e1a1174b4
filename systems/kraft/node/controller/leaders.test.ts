/** Who leads, over the wire and with time: leaders go back to who is preferred, and configuration may allow a loss. */
import { expect, test } from 'vitest';
import { CONFIG_OPERATION, RESOURCE_TYPE } from '../../wire/api/configs.ts';
import type { ApiName, RequestInputBody } from '../../wire/apis.ts';
import { APIS } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';
import { encodeRequest } from '../../wire/requests.ts';
import type { Api, RequestInput } from '../../wire/schema.ts';
import type { PartitionRegistration } from '../../controller/registrations.ts';
import type { RigOptions, Controllers } from './testing/controllers.ts';
import { withControllers } from './testing/controllers.ts';

const FIRST = 11;
const SECOND = 12;

const partition = (rig: Controllers): PartitionRegistration =>
  [...(rig.driver(1).image.topicByName('orders')?.partitions.values() ?? [])][0] as PartitionRegistration;

/** One partition, which broker 11 leads, and broker 12 follows. @returns their epochs */
async function withOrders(
  properties: RigOptions['properties'],
  body: (rig: Controllers, epochs: readonly [number, number]) => Promise<void>,
): Promise<void> {
  await withControllers(
    { properties: { 'metadata.max.idle.interval.ms': 0, ...properties } },
    async (rig) => {
      rig.quorum.elect(1);
      await rig.sleep(50);
      const first = await rig.join(1, FIRST);
      await rig.createTopics(1, 'orders');
      const second = await rig.join(1, SECOND);
      await forward(rig, 'alterPartitionReassignments', 0, {
        topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas: [FIRST, SECOND] }] }],
      });
      await changeIsr(rig, FIRST, first, [FIRST, SECOND]);
      expect(partition(rig)).toMatchObject({ leader: FIRST, isr: [FIRST, SECOND], addingReplicas: [] });
      await body(rig, [first, second]);
    },
  );
}

async function forward<N extends ApiName>(
  rig: Controllers,
  name: N,
  version: number,
  body: RequestInputBody<N>,
): Promise<void> {
  const api = APIS[name] as unknown as Api;
  const identity = { correlationId: 1, clientId: null };
  const frame = encodeRequest(api, version, identity, body as RequestInput<Api>);
  const answer = await rig.ask(1, 'envelope', 0, {
    requestData: frame.subarray(LENGTH_BYTES),
    requestPrincipal: null,
    clientHostAddress: new Uint8Array(0),
  });
  expect(answer.errorCode).toBe(ERROR.NONE);
}

async function changeIsr(
  rig: Controllers,
  brokerId: number,
  brokerEpoch: number,
  isr: number[],
): Promise<void> {
  const { topicId, leaderEpoch, partitionEpoch } = partition(rig);
  const newIsrWithEpochs = isr.map((member) => ({ brokerId: member }));
  const proposal = { partitionIndex: 0, leaderEpoch, partitionEpoch, newIsrWithEpochs };
  const answer = await rig.ask(1, 'alterPartition', 3, {
    ...{ brokerId, brokerEpoch },
    topics: [{ topicId, partitions: [proposal] }],
  });
  expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(ERROR.NONE);
}

const heartbeat = (rig: Controllers, brokerId: number, brokerEpoch: number, wish: object = {}) =>
  rig.ask(1, 'brokerHeartbeat', 1, {
    ...{ brokerId, brokerEpoch, currentMetadataOffset: 1_000_000, wantFence: false, wantShutDown: false },
    ...wish,
  });

test('leadership goes back to the preferred replica when that is in sync again', async () => {
  await withOrders({ 'leader.imbalance.check.interval.seconds': 1 }, async (rig, [first, second]) => {
    await heartbeat(rig, FIRST, first, { wantFence: true });
    expect(partition(rig)).toMatchObject({ leader: SECOND, leaderEpoch: 1, isr: [SECOND] });
    await heartbeat(rig, FIRST, first);
    await rig.sleep(3000);
    expect(partition(rig).leader).toBe(SECOND);
    await changeIsr(rig, SECOND, second, [SECOND, FIRST]);
    await rig.sleep(1500);
    expect(partition(rig)).toMatchObject({ leader: FIRST, leaderEpoch: 2 });
  });
});

test('a broker that shuts down in order hands over, and may go when all others know', async () => {
  await withOrders({}, async (rig, [first, second]) => {
    const going = await heartbeat(rig, FIRST, first, { wantShutDown: true, currentMetadataOffset: 1 });
    expect(going).toMatchObject({ isFenced: false, shouldShutDown: false });
    expect(partition(rig)).toMatchObject({ leader: SECOND, isr: [SECOND] });
    await heartbeat(rig, SECOND, second, { currentMetadataOffset: second });
    expect(await heartbeat(rig, FIRST, first, { wantShutDown: true })).toMatchObject({
      shouldShutDown: false,
    });
    await heartbeat(rig, SECOND, second);
    expect(await heartbeat(rig, FIRST, first, { wantShutDown: true })).toMatchObject({
      shouldShutDown: true,
    });
    expect(rig.driver(1).image.brokers.get(FIRST)).toMatchObject({
      fenced: true,
      inControlledShutdown: true,
    });
  });
});

test('who is not in sync leads only when the configuration allows it, and then at once', async () => {
  await withOrders({}, async (rig, [first, second]) => {
    await changeIsr(rig, FIRST, first, [FIRST]);
    await heartbeat(rig, FIRST, first, { wantFence: true });
    expect(partition(rig)).toMatchObject({ leader: -1, isr: [], elr: [FIRST] });
    await heartbeat(rig, SECOND, second);
    await rig.sleep(3000);
    expect(partition(rig).leader).toBe(-1);
    const configs = [
      { name: 'unclean.leader.election.enable', configOperation: CONFIG_OPERATION.set, value: 'true' },
    ];
    const resources = [{ resourceType: RESOURCE_TYPE.topic, resourceName: 'orders', configs }];
    await forward(rig, 'incrementalAlterConfigs', 0, { resources, validateOnly: false });
    await rig.sleep(100);
    expect(partition(rig)).toMatchObject({
      leader: SECOND,
      isr: [SECOND],
      leaderRecoveryState: 'recovering',
    });
  });
});
