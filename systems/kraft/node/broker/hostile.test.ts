/** Requests as no client sends them: whatever comes, a broker answers or ends the connection, goes on, and comes back from its disk. */
import { expect, test } from 'vitest';
import { randomStream } from '../../../../harness/random.ts';
import { coordinatorPartition } from '../../broker/coordinator-log.ts';
import { encodeGroupRecord } from '../../broker/groups/group-records.ts';
import { encodeTransaction } from '../../broker/transactions/transaction-records.ts';
import { OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../../internal-topics.ts';
import { batchOf, describeRecords } from '../../log/testing/batches.ts';
import { BatchBuilder } from '../../records/batch-builder.ts';
import type { ApiName } from '../../wire/apis.ts';
import { APIS } from '../../wire/apis.ts';
import { Reader } from '../../wire/bytes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';
import { readResponseHeader } from '../../wire/headers.ts';
import { encodeRequest } from '../../wire/requests.ts';
import { HostileRequests } from './testing/hostile-requests.ts';
import type { WholeNodes } from './testing/whole-nodes.ts';
import { withNodes } from './testing/whole-nodes.ts';

const PATIENCE_MS = 1_500;
/** Rightly unanswered for longer: a group waits for its members, and acks=0 is not answered. */
const MAY_WAIT: ReadonlySet<ApiName> = new Set(['joinGroup', 'syncGroup', 'produce']);

type Outcome = 'answer' | 'closed' | 'silent';

/** Sends bytes on a connection of their own. */
async function outcomeOf(rig: WholeNodes, at: string, bytes: Uint8Array): Promise<Outcome> {
  const connection = rig.connect(at);
  const outcome = await new Promise<Outcome>((resolve) => {
    connection.onData(() => resolve('answer'));
    connection.onClose(() => resolve('closed'));
    connection.write(bytes);
    void rig.sleep(PATIENCE_MS).then(() => resolve('silent'));
  });
  connection.close();
  return outcome;
}

async function coordinatorOf(rig: WholeNodes, key: string, keyType: number): Promise<string> {
  let found = { errorCode: -1, nodeId: -1 };
  await rig.until(async () => {
    found = await rig.ask('n1', 'findCoordinator', 2, { key, keyType });
    return found.errorCode === ERROR.NONE;
  }, `a coordinator of ${key}`);
  return `n${found.nodeId}`;
}

/** Records, a group and a transaction that nobody has touched: all go as if nothing had been. */
async function serves(rig: WholeNodes, id: string): Promise<void> {
  rig.reconnect();
  await rig.until(async () => {
    const error = await rig.createTopic('n1', id, 1, rig.names.length);
    return error === ERROR.NONE || error === ERROR.TOPIC_ALREADY_EXISTS;
  }, `a topic ${id}`);
  const topicData = [{ name: id, partitionData: [{ index: 0, records: batchOf(['good']) }] }];
  let leader = '';
  await rig.until(async () => {
    const { topics } = await rig.ask('n1', 'metadata', 8, { topics: [{ name: id }] });
    const leaderId = topics[0]?.partitions[0]?.leaderId ?? -1;
    if (leaderId < 0) return false;
    leader = `n${leaderId}`;
    const { responses } = await rig.ask(leader, 'produce', 8, { acks: -1, timeoutMs: 5_000, topicData });
    return responses[0]?.partitionResponses[0]?.errorCode === ERROR.NONE;
  }, `a record in ${id}`);
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1 << 20, currentLeaderEpoch: -1 }];
  const wanted = { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 20, isolationLevel: 1, forgottenTopicsData: [] };
  const fetched = await rig.ask(leader, 'fetch', 11, { ...wanted, topics: [{ topic: id, partitions }] });
  const records = fetched.responses[0]?.partitions[0]?.records ?? new Uint8Array(0);
  expect(describeRecords(records)[0]).toBe('0:good');
  await rig.until(async () => {
    const committed = { committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: null };
    const { topics } = await rig.ask(await coordinatorOf(rig, id, 0), 'offsetCommit', 7, {
      ...{ groupId: id, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null },
      topics: [{ name: id, partitions: [{ partitionIndex: 0, ...committed }] }],
    });
    return topics[0]?.partitions[0]?.errorCode === ERROR.NONE;
  }, `a commit of ${id}`);
  await rig.until(async () => {
    const asked = { transactionalId: id, transactionTimeoutMs: 1_000 };
    const { errorCode } = await rig.ask(await coordinatorOf(rig, id, 1), 'initProducerId', 1, asked);
    return errorCode === ERROR.NONE;
  }, `a producer id of ${id}`);
}

async function withVictims(nodes: number, body: (rig: WholeNodes) => Promise<void>): Promise<void> {
  await withNodes({ nodes }, async (rig) => {
    await rig.allRunning();
    for (const topic of ['orders', 'keyed']) await rig.createTopic('n1', topic, 3, nodes);
    await serves(rig, 'before');
    await body(rig);
    await serves(rig, 'after');
    // What they left on the disks is loaded, by others and by themselves.
    for (const name of rig.names) {
      await rig.cluster.kill(name);
      await rig.sleep(1_500);
      await rig.cluster.restart(name);
      await rig.allRunning();
    }
    await serves(rig, 'restarted');
    await rig.sleep(20_000);
    await serves(rig, 'later');
    expect([rig.cluster.crashes, rig.cluster.invariantViolations]).toEqual([[], []]);
  });
}

test.each([1, 2, 3])(
  'values that nobody means are answered, or end their connection: seed %i',
  async (seed) => {
    await withVictims(3, async (rig) => {
      const hostile = new HostileRequests(seed);
      const outcomes = { answer: 0, closed: 0, silent: 0 };
      for (let i = 0; i < 300; i++) {
        const { name, version, body, frame } = hostile.next();
        const outcome = await outcomeOf(rig, rig.names[i % 3] as string, frame);
        outcomes[outcome]++;
        if (outcome === 'silent' && !MAY_WAIT.has(name)) expect([name, version, body]).toEqual('answered');
        expect(rig.cluster.crashes).toEqual([]);
      }
      expect(outcomes.answer).toBeGreaterThan(200);
    });
  },
);

/** @returns the error code */
async function produceAs(
  rig: WholeNodes,
  clientId: string,
  topic: string,
  index: number,
  records: Uint8Array,
): Promise<number | undefined> {
  const { topics } = await rig.ask('n1', 'metadata', 8, { topics: [{ name: topic }] });
  const leaderId = topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === index)?.leaderId;
  const topicData = [{ name: topic, partitionData: [{ index, records }] }];
  const body = { acks: -1, timeoutMs: 5_000, topicData };
  const connection = rig.connect(`n${leaderId}`);
  const answer = new Promise<Uint8Array>((resolve) => connection.onData(resolve));
  connection.write(encodeRequest(APIS.produce, 8, { correlationId: 1, clientId }, body));
  const reader = new Reader((await answer).subarray(LENGTH_BYTES));
  readResponseHeader(reader, 0);
  connection.close();
  return APIS.produce.response.decode(reader, 8).responses[0]?.partitionResponses[0]?.errorCode;
}

const sealed = (record: { readonly key: Uint8Array; readonly value: Uint8Array | null }): Uint8Array =>
  new BatchBuilder().append({ ...record, timestampMs: 1 }).build();

test('what is forged in Kafka’s own topics is refused; where an administrator writes it, brokers go on', async () => {
  const transaction = encodeTransaction('t', {
    ...{ producerId: 7, producerEpoch: 32_767, timeoutMs: 1, state: 'Ongoing', startMs: 1, lastUpdateMs: 1 },
    partitions: [{ topic: 'orders', partition: 0 }],
  });
  const member = {
    ...{ memberId: 'm', groupInstanceId: null, clientId: 'c', clientHost: 'h', rebalanceTimeoutMs: 1 },
    ...{ sessionTimeoutMs: -5, subscription: new Uint8Array(0), assignment: new Uint8Array(0) },
  };
  const group = encodeGroupRecord({
    ...{ type: 'group', groupId: 'g' },
    value: {
      ...{ protocolType: 'consumer', generation: 1, protocol: 'p', leader: 'nobody', currentStateMs: 1 },
      members: [member],
    },
  });
  const garbage = { key: Uint8Array.of(120, 120), value: Uint8Array.of(1) };
  const forged: [string, number, Uint8Array][] = [
    [TRANSACTIONS_TOPIC, coordinatorPartition('t', 3), sealed(transaction)],
    [TRANSACTIONS_TOPIC, 0, sealed(garbage)],
    [OFFSETS_TOPIC, coordinatorPartition('g', 3), sealed(group)],
    [OFFSETS_TOPIC, 0, sealed(garbage)],
  ];
  await withVictims(3, async (rig) => {
    for (const [topic, index, records] of forged) {
      expect(await produceAs(rig, 'x', topic, index, records)).toBe(ERROR.INVALID_TOPIC_EXCEPTION);
    }
    for (const [topic, index, records] of forged) {
      expect(await produceAs(rig, '__admin_client', topic, index, records)).toBe(ERROR.NONE);
    }
    for (const name of rig.names) {
      await rig.cluster.kill(name);
      await rig.sleep(1_500);
      await rig.cluster.restart(name);
      await rig.allRunning();
    }
    rig.reconnect();
    // Its last epoch was used up.
    let found = { errorCode: -1, producerId: 7, producerEpoch: 32_767 };
    await rig.until(async () => {
      const asked = { transactionalId: 't', transactionTimeoutMs: 1_000 };
      found = await rig.ask(await coordinatorOf(rig, 't', 1), 'initProducerId', 1, asked);
      return found.errorCode === ERROR.NONE;
    }, 'a new producer id');
    expect([found.producerId === 7, found.producerEpoch]).toEqual([false, 0]);
  });
});

test('damaged and random bytes are answered or end their connection', async () => {
  await withVictims(1, async (rig) => {
    const hostile = new HostileRequests(4);
    const random = randomStream(5, 'hostile');
    for (let i = 0; i < 600; i++) {
      const { frame } = hostile.next();
      const noise = Uint8Array.from({ length: random.integer(1, 100) }, () => random.integer(0, 255));
      const connection = rig.connect('n1');
      connection.write(i % 4 === 0 ? noise : hostile.damaged(frame));
      await rig.sleep(20);
      connection.close();
      expect(rig.cluster.crashes).toEqual([]);
    }
  });
});
