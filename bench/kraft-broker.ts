/**
 * What brokers take in and give out, in processes of their own on loopback: messages of 1 KiB in batches of 16 KiB, one
 * partition, acks=-1; with one broker and with three. How long a produce takes at half of that load. What memory a broker needs
 * while consumers ask for much and read nothing. Kafka's defaults throughout.
 *
 *     node bench/kraft-broker.ts        # or: node bench/kraft-broker.ts 3, for three brokers alone
 *
 * The client sends frames that are ready and counts answers: see the share of a core that it needed itself. What other processes do
 * on the machine counts in the megabytes a second, and much less in those of processor time.
 */
import { build } from 'hdr-histogram-js';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchBuilder } from '../systems/kraft/records/batch-builder.ts';
import { APIS } from '../systems/kraft/wire/apis.ts';
import { decode, prepare, RawClient } from './systems/kraft-raw-client.ts';
import { KraftServers, type KraftServer } from './systems/kraft-servers.ts';

const TOPIC = 'load';
const RECORDS_PER_BATCH = 16;
const RECORD_BYTES = 1024;
const BATCH_PAYLOAD_BYTES = RECORDS_PER_BATCH * RECORD_BYTES;
const PRODUCE_VERSION = 8;
const FETCH_VERSION = 11;
const METADATA_VERSION = 8;
/** Each has one request at the broker, as a broker serves them, and one on its way. */
const PRODUCERS = 8;
const IN_FLIGHT = 2;
const WARM_UP_S = 2;
const PRODUCE_S = 8;
const CONSUMERS = 2;
const FETCH_BYTES = 1024 * 1024;
const LATENCY_S = 8;
const SLOW_CONSUMERS = 10;
const SLOW_FETCHES = 20;
const SLOW_FETCH_BYTES = 50 * 1024 * 1024;
const SLOW_S = 5;

const MB = 1e6;

function produceFrame(): Uint8Array {
  const builder = new BatchBuilder();
  const value = Uint8Array.from({ length: RECORD_BYTES }, (_, i) => i * 7);
  for (let i = 0; i < RECORDS_PER_BATCH; i++) builder.append({ value, timestampMs: 1_700_000_000_000 });
  return prepare(APIS.produce, PRODUCE_VERSION, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: TOPIC, partitionData: [{ index: 0, records: builder.build() }] }],
  });
}

function fetchFrame(fetchOffset: number, bytes: number): Uint8Array {
  return prepare(APIS.fetch, FETCH_VERSION, {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: bytes,
    topics: [{ topic: TOPIC, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: bytes }] }],
    forgottenTopicsData: [],
  });
}

function checkProduced(frame: Uint8Array): void {
  const answer = decode(APIS.produce, PRODUCE_VERSION, frame).responses[0]?.partitionResponses[0];
  if (answer?.errorCode !== 0) throw new Error(`a produce failed: ${JSON.stringify(answer)}`);
}

/** @returns the partition's leader */
async function createTopic(cluster: KraftServers): Promise<KraftServer> {
  const [first] = cluster.servers as readonly [KraftServer];
  const client = await RawClient.connect(first.port);
  const replicationFactor = cluster.servers.length;
  const topic = { name: TOPIC, numPartitions: 1, replicationFactor, assignments: [], configs: [] };
  const created = await client.ask(APIS.createTopics, 4, { topics: [topic] });
  if (created.topics[0]?.errorCode !== 0) throw new Error(`no topic: ${JSON.stringify(created)}`);
  try {
    for (let i = 0; i < 200; i++) {
      const { topics } = await client.ask(APIS.metadata, METADATA_VERSION, { topics: [{ name: TOPIC }] });
      const partition = topics[0]?.partitions[0];
      const leaderId = partition?.isrNodes.length === replicationFactor ? partition.leaderId : 0;
      // Metadata may come from a broker that knows more than the leader itself.
      if (leaderId > 0 && (await isServedBy(cluster.server(leaderId)))) return cluster.server(leaderId);
      await delay(50);
    }
  } finally {
    client.close();
  }
  throw new Error('the partition has no leader, or not all replicas');
}

async function isServedBy(leader: KraftServer): Promise<boolean> {
  const client = await RawClient.connect(leader.port);
  const { responses } = decode(APIS.produce, PRODUCE_VERSION, await client.send(produceFrame()));
  client.close();
  return responses[0]?.partitionResponses[0]?.errorCode === 0;
}

class Usage {
  readonly #cluster: KraftServers;
  readonly #startedMs = performance.now();
  readonly #cpuS: number;
  readonly #delayedS: number;
  readonly #own = process.cpuUsage();

  constructor(cluster: KraftServers) {
    this.#cluster = cluster;
    this.#cpuS = cluster.cpuS;
    this.#delayedS = cluster.delayedS;
  }

  get wallS(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  rates(bytes: number): string {
    const { wallS } = this;
    const cpuS = this.#cluster.cpuS - this.#cpuS;
    const delayedS = this.#cluster.delayedS - this.#delayedS;
    const share = (seconds: number): string => `${((100 * seconds) / wallS).toFixed(0)} %`;
    const { user, system } = process.cpuUsage(this.#own);
    const ownS = (user + system) / 1e6;
    return (
      `${(bytes / MB / wallS).toFixed(1)} MB/s; ${(bytes / MB / cpuS).toFixed(1)} MB a second of the brokers' CPU time ` +
      `(${share(cpuS)} of a core, and waited for one ${share(delayedS)} of the time; the client ${share(ownS)})`
    );
  }
}

/** As fast as they are answered. @returns MB/s */
async function produce(cluster: KraftServers, leader: KraftServer, title: string): Promise<number> {
  const frame = produceFrame();
  const clients = await Promise.all(Array.from({ length: PRODUCERS }, () => RawClient.connect(leader.port)));
  let isOver = false;
  let batches = 0;
  const loop = async (client: RawClient): Promise<void> => {
    while (!isOver) {
      checkProduced(await client.send(frame));
      batches++;
    }
  };
  const loops = clients.flatMap((client) => Array.from({ length: IN_FLIGHT }, () => loop(client)));
  await delay(1000 * WARM_UP_S);
  batches = 0;
  const usage = new Usage(cluster);
  await delay(1000 * PRODUCE_S);
  const bytes = batches * BATCH_PAYLOAD_BYTES;
  const mbPerS = bytes / MB / usage.wallS;
  console.log(`kraft-broker: ${title}, in: ${usage.rates(bytes)}`);
  isOver = true;
  await Promise.all(loops);
  for (const client of clients) client.close();
  return mbPerS;
}

/** All that is there, by several consumers from the beginning; most of it is not in the broker's memory any more. */
async function consume(cluster: KraftServers, leader: KraftServer, title: string): Promise<void> {
  let bytes = 0;
  const consumer = async (): Promise<void> => {
    const client = await RawClient.connect(leader.port);
    for (let offset = 0; ;) {
      const frame = await client.send(fetchFrame(offset, FETCH_BYTES));
      const answer = decode(APIS.fetch, FETCH_VERSION, frame).responses[0]?.partitions[0];
      if (answer?.errorCode !== 0) throw new Error(`a fetch failed: ${answer?.errorCode ?? '?'}`);
      const size = answer.records?.length ?? 0;
      // All batches are of one size.
      const batches = Math.round(size / (BATCH_PAYLOAD_BYTES * 1.01));
      if (batches === 0) break;
      bytes += batches * BATCH_PAYLOAD_BYTES;
      offset += batches * RECORDS_PER_BATCH;
      if (offset >= answer.highWatermark) break;
    }
    client.close();
  };
  const usage = new Usage(cluster);
  await Promise.all(Array.from({ length: CONSUMERS }, consumer));
  console.log(`kraft-broker: ${title}, out: ${usage.rates(bytes)}`);
}

/** An open loop: what is due is sent, whether or not there are answers; latency is from when it was due. */
async function latency(
  cluster: KraftServers,
  leader: KraftServer,
  title: string,
  mbPerS: number,
): Promise<void> {
  const frame = produceFrame();
  const clients = await Promise.all(Array.from({ length: PRODUCERS }, () => RawClient.connect(leader.port)));
  const histogram = build();
  const perMs = (mbPerS * MB) / BATCH_PAYLOAD_BYTES / 1000;
  const beginMs = performance.now();
  const answers: Promise<void>[] = [];
  const usage = new Usage(cluster);
  let sent = 0;
  while (performance.now() - beginMs < 1000 * (WARM_UP_S + LATENCY_S)) {
    while (sent < (performance.now() - beginMs) * perMs) {
      const dueMs = beginMs + sent / perMs;
      const client = clients[sent++ % PRODUCERS] as RawClient;
      const answered = client.send(frame).then((answer) => {
        checkProduced(answer);
        // The client's own timer fires late by up to a millisecond: that is in the figure.
        if (dueMs - beginMs >= 1000 * WARM_UP_S)
          histogram.recordValue(Math.max(1, Math.round((performance.now() - dueMs) * 1000)));
      });
      answers.push(answered);
    }
    await delay(1);
  }
  await Promise.all(answers);
  const ms = (percentile: number): string => (histogram.getValueAtPercentile(percentile) / 1000).toFixed(2);
  console.log(
    `kraft-broker: ${title}, produce at ${mbPerS.toFixed(0)} MB/s: p50 ${ms(50)} ms, p99 ${ms(99)} ms, p99.9 ${ms(99.9)} ms; ` +
      usage.rates(sent * BATCH_PAYLOAD_BYTES),
  );
  for (const client of clients) client.close();
}

async function slowConsumers(leader: KraftServer): Promise<void> {
  const megabytes = (bytes: number): string => `${(bytes / MB).toFixed(0)} MB`;
  const before = leader.residentBytes;
  const clients = await Promise.all(
    Array.from({ length: SLOW_CONSUMERS }, () => RawClient.connect(leader.port)),
  );
  const pending: Promise<unknown>[] = [];
  for (const client of clients) {
    client.socket.pause();
    for (let i = 0; i < SLOW_FETCHES; i++) {
      pending.push(client.send(fetchFrame(0, SLOW_FETCH_BYTES)).catch(() => undefined));
    }
  }
  let most = 0;
  for (const endMs = performance.now() + 1000 * SLOW_S; performance.now() < endMs;) {
    await delay(50);
    most = Math.max(most, leader.residentBytes);
  }
  const asked = SLOW_CONSUMERS * SLOW_FETCHES * SLOW_FETCH_BYTES;
  console.log(
    `kraft-broker: ${SLOW_CONSUMERS} consumers ask for ${megabytes(asked)} in ${SLOW_FETCHES} fetches of ` +
      `${megabytes(SLOW_FETCH_BYTES)} each and read nothing: memory ${megabytes(before)} before, ${megabytes(most)} at most`,
  );
  for (const client of clients) client.close();
  await Promise.all(pending);
}

async function measure(nodes: number, title: string): Promise<void> {
  const cluster = await KraftServers.start({ nodes });
  try {
    const leader = await createTopic(cluster);
    const mbPerS = await produce(cluster, leader, title);
    await consume(cluster, leader, title);
    await latency(cluster, leader, title, mbPerS / 2);
    await latency(cluster, leader, title, nodes === 1 ? 25 : 12.5);
    if (nodes === 1) await slowConsumers(leader);
    const memory = cluster.servers.map((server) => (server.residentMaxBytes / MB).toFixed(0));
    console.log(`kraft-broker: ${title}: the most memory ${memory.join(', ')} MB`);
  } finally {
    await cluster.stop();
  }
}

/** @param nodes - cluster sizes */
export async function run(nodes: readonly number[] = [1, 3]): Promise<void> {
  for (const count of nodes) await measure(count, count === 1 ? 'one broker' : `${count} brokers`);
}

if (import.meta.main) await run(process.argv.length > 2 ? process.argv.slice(2).map(Number) : undefined);
