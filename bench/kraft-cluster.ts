/**
 * How long a cluster of three servers, processes of their own with Kafka's default timeouts, is without a controller after a
 * `kill -9` of the active one; and what 10,000 partitions of three replicas each cost: until all are created, and the same again.
 *
 *     node bench/kraft-cluster.ts        # or: node bench/kraft-cluster.ts 1, for one failover of each kind
 *
 * A failover is over when a surviving broker says that it created a topic; how much of it was until somebody led the quorum is told, too.
 * Every topic that was acknowledged before must be there afterwards.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { APIS } from '../systems/kraft/wire/apis.ts';
import { LATEST_TIMESTAMP } from '../systems/kraft/wire/api/offsets.ts';
import { ERROR } from '../systems/kraft/wire/error-codes.ts';
import { RawClient } from './systems/kraft-raw-client.ts';
import { KraftServers, type KraftServer } from './systems/kraft-servers.ts';

const NODES = 3;
const FAILOVERS = 3;
const TOPICS = 100;
const PARTITIONS = 100;
const CREATE_VERSION = 4;
const METADATA_VERSION = 8;
const LIST_VERSION = 5;
const ATTEMPT_MAX_MS = 30_000;
const WAIT_MAX_MS = 180_000;
const POLL_MS = 20;

const acknowledged: string[] = [];
let named = 0;

async function withClient<T>(
  { port }: KraftServer,
  ask: (client: RawClient) => Promise<T>,
): Promise<T | null> {
  let client: RawClient | null = null;
  try {
    client = await RawClient.connect(port);
    const asked = client;
    const timer = setTimeout(() => asked.close(), ATTEMPT_MAX_MS);
    try {
      return await ask(asked);
    } finally {
      clearTimeout(timer);
    }
  } catch {
    return null;
  } finally {
    client?.close();
  }
}

const running = (cluster: KraftServers): readonly KraftServer[] =>
  cluster.servers.filter(({ isRunning }) => isRunning);

/** @param notId - of one who leads no more */
async function activeController(cluster: KraftServers, notId = -1): Promise<KraftServer> {
  const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }];
  const deadlineMs = performance.now() + WAIT_MAX_MS;
  while (performance.now() < deadlineMs) {
    for (const server of running(cluster)) {
      const answer = await withClient(server, (client) => client.ask(APIS.describeQuorum, 1, { topics }));
      const leaderId = answer?.topics[0]?.partitions[0]?.leaderId ?? -1;
      if (leaderId > 0 && leaderId !== notId && cluster.server(leaderId).isRunning)
        return cluster.server(leaderId);
    }
    await delay(POLL_MS);
  }
  throw new Error('there is no active controller');
}

async function create(server: KraftServer, partitions: number, factor: number): Promise<boolean> {
  const name = `topic-${named++}`;
  const topic = {
    name,
    numPartitions: partitions,
    replicationFactor: factor,
    assignments: [],
    configs: [],
  };
  const answer = await withClient(server, (client) =>
    client.ask(APIS.createTopics, CREATE_VERSION, { topics: [topic], timeoutMs: 20_000 }),
  );
  const isCreated = answer?.topics[0]?.errorCode === ERROR.NONE;
  if (isCreated) acknowledged.push(name);
  return isCreated;
}

async function failover(cluster: KraftServers, title: string): Promise<void> {
  const controller = await activeController(cluster);
  const cpuS = cluster.cpuS - controller.cpuS;
  const delayedS = cluster.delayedS - controller.delayedS;
  const startedMs = performance.now();
  controller.kill();
  const elected = activeController(cluster, controller.nodeId).then(() => performance.now() - startedMs);
  const [one, other] = cluster.servers.filter((server) => server !== controller) as [
    KraftServer,
    KraftServer,
  ];
  let attempts = 0;
  for (let isServing = false; !isServing; attempts++) {
    if (performance.now() - startedMs > WAIT_MAX_MS) throw new Error(`${title}: no controller`);
    isServing = await create(attempts % 2 === 0 ? one : other, 1, 1);
    if (!isServing) await delay(POLL_MS);
  }
  const wallS = (performance.now() - startedMs) / 1000;
  const known = await withClient(one, (client) =>
    client.ask(APIS.metadata, METADATA_VERSION, { topics: null }),
  );
  const names = new Set(known?.topics.map(({ name }) => name));
  const lost = acknowledged.filter((name) => !names.has(name)).length;
  console.log(
    `kraft-cluster: ${title}: controller ${controller.nodeId} killed, another serves after ${wallS.toFixed(2)} s ` +
      `(elected after ${((await elected) / 1000).toFixed(2)} s; ${(cluster.cpuS - cpuS).toFixed(2)} s of CPU time; ` +
      `waited for a core ${(cluster.delayedS - delayedS).toFixed(2)} s; ` +
      `attempt ${attempts}); ${lost} of ${acknowledged.length} acknowledged topics lost`,
  );
  controller.start();
  await cluster.untilServing();
}

/** Of all that were acknowledged. @returns partitions whose leader answers with the end of its log */
async function served(cluster: KraftServers): Promise<number> {
  const [first] = running(cluster) as [KraftServer];
  const metadata = await withClient(first, (client) =>
    client.ask(APIS.metadata, METADATA_VERSION, { topics: null }),
  );
  let count = 0;
  for (const server of running(cluster)) {
    const topics = (metadata?.topics ?? []).map(({ name, partitions }) => ({
      name,
      partitions: partitions
        .filter(({ leaderId }) => leaderId === server.nodeId)
        .map(({ partitionIndex }) => ({ partitionIndex, timestamp: LATEST_TIMESTAMP })),
    }));
    const answer = await withClient(server, (client) =>
      client.ask(APIS.listOffsets, LIST_VERSION, { replicaId: -1, topics }),
    );
    for (const { partitions } of answer?.topics ?? []) {
      count += partitions.filter(({ errorCode }) => errorCode === ERROR.NONE).length;
    }
  }
  return count;
}

async function manyPartitions(cluster: KraftServers): Promise<void> {
  const [{ cpuS, delayedS }, startedMs] = [cluster, performance.now()];
  const report = (what: string): void =>
    console.log(
      `kraft-cluster: ${TOPICS * PARTITIONS} partitions of ${NODES} replicas: ${what} after ` +
        `${((performance.now() - startedMs) / 1000).toFixed(1)} s (${(cluster.cpuS - cpuS).toFixed(1)} s of CPU time of all ` +
        `servers; waited for a core ${(cluster.delayedS - delayedS).toFixed(1)} s)`,
    );
  const before = await served(cluster);
  const [first] = cluster.servers as readonly [KraftServer];
  for (let i = 0; i < TOPICS; i++) {
    if (!(await create(first, PARTITIONS, NODES))) throw new Error('a topic was not created');
  }
  report('acknowledged');
  for (const deadlineMs = performance.now() + WAIT_MAX_MS; ; await delay(1000)) {
    const count = (await served(cluster)) - before;
    if (count >= TOPICS * PARTITIONS) break;
    if (performance.now() > deadlineMs) throw new Error(`only ${count} partitions are served`);
  }
  report('all are served by their leaders');
}

async function idle(cluster: KraftServers): Promise<void> {
  const [{ cpuS }, startedMs] = [cluster, performance.now()];
  await delay(10_000);
  const share = (100_000 * (cluster.cpuS - cpuS)) / (performance.now() - startedMs);
  const memory = cluster.servers.map(({ residentBytes }) => (residentBytes / 1e6).toFixed(0));
  console.log(
    `kraft-cluster: idle with them: ${share.toFixed(0)} % of a core, all servers; memory ${memory.join(', ')} MB`,
  );
}

/** @param failovers - of the cluster with nothing in it, and again of the full one */
export async function run(failovers = FAILOVERS): Promise<void> {
  const cluster = await KraftServers.start({ nodes: NODES });
  try {
    for (let i = 1; i <= failovers; i++) await failover(cluster, `failover ${i}`);
    await manyPartitions(cluster);
    await idle(cluster);
    for (let i = 1; i <= failovers; i++) await failover(cluster, `failover ${i} with 10,000 partitions`);
  } finally {
    await cluster.stop();
  }
}

if (import.meta.main) await run(process.argv.length > 2 ? Number(process.argv[2]) : undefined);
