/** Consumer groups: who owns what while members come and go, and offsets that stay. */
import type { Consumer, Kafka } from 'kafkajs';
import { errorOf, until } from '../testing/kafkajs.ts';

const TOPIC = 'grouped';
const GROUP = 'the-group';

const byNumber = (a: number, b: number): number => a - b;

interface Member {
  readonly consumer: Consumer;
  owned: readonly number[];
  readonly seen: string[];
}

async function join(kafka: Kafka): Promise<Member> {
  const consumer = kafka.consumer({
    groupId: GROUP,
    sessionTimeout: 6000,
    heartbeatInterval: 200,
    rebalanceTimeout: 10_000,
    maxWaitTimeInMs: 100,
  });
  const member: Member = { consumer, owned: [], seen: [] };
  consumer.on('consumer.group_join', ({ payload }) => {
    member.owned = [...(payload.memberAssignment[TOPIC] ?? [])].sort(byNumber);
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      member.seen.push(`${partition}@${message.offset}`);
      await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }]);
    },
  });
  return member;
}

export async function rebalance(kafka: Kafka): Promise<unknown> {
  const admin = kafka.admin();
  const producer = kafka.producer();
  await Promise.all([admin.connect(), producer.connect()]);
  await admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 4 }], waitForLeaders: true });
  const send = (value: string) =>
    producer.send({ topic: TOPIC, messages: [0, 1, 2, 3].map((partition) => ({ partition, value })) });
  await send('first');
  const one = await join(kafka);
  await until(() => one.seen.length === 4);
  const alone = one.owned;
  const two = await join(kafka);
  await until(() => one.owned.length === 2 && two.owned.length === 2);
  const shared = [...one.owned, ...two.owned].sort(byNumber);
  const described = (await admin.describeGroups([GROUP])).groups[0];
  const listed = (await admin.listGroups()).groups.find(({ groupId }) => groupId === GROUP);
  const busy = await errorOf(admin.deleteGroups([GROUP]));
  await send('second');
  await until(() => one.seen.length + two.seen.length === 8);
  await two.consumer.disconnect();
  await until(() => one.owned.length === 4);
  await one.consumer.disconnect();
  await send('third');
  const three = await join(kafka);
  await until(() => three.seen.length === 4);
  await three.consumer.disconnect();
  const committed = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] });
  const empty = (await admin.describeGroups([GROUP])).groups[0];
  await admin.resetOffsets({ groupId: GROUP, topic: TOPIC, earliest: true });
  const reset = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] });
  const deleted = await errorOf(admin.deleteGroups([GROUP]));
  const again = await errorOf(admin.deleteGroups([GROUP]));
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  const offsetsOf = (all: typeof committed) =>
    all[0]?.partitions.map(({ partition, offset }) => `${partition}: ${offset}`).sort();
  return {
    alone,
    shared,
    described: {
      state: described?.state,
      protocol: described?.protocol,
      protocolType: described?.protocolType,
      members: described?.members.length,
    },
    listed: listed?.protocolType,
    busy,
    third: [...three.seen].sort(),
    committed: offsetsOf(committed),
    empty: { state: empty?.state, members: empty?.members.length },
    reset: offsetsOf(reset),
    deleted,
    again,
  };
}
