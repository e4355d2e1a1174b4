/** Three brokers under random faults: what is acknowledged is never lost, and what is read was committed. */
import { expect, test } from 'vitest';
import { randomStream, type Random } from '../../../../harness/random.ts';
import { ReplicaCluster } from './testing/replica-cluster.ts';
import { ERROR } from '../../wire/error-codes.ts';

const TOPIC = 't';
const PARTITIONS = 2;
const PROPERTIES = [
  'replica.lag.time.max.ms=600',
  'replica.fetch.wait.max.ms=50',
  'replica.fetch.backoff.ms=50',
  'controller.quorum.election.timeout.ms=200',
  'controller.quorum.fetch.timeout.ms=400',
  'controller.quorum.request.timeout.ms=400',
];
const STEPS = 6;
/** Of real time. */
const TIMEOUT_MS = 120_000;
const PRODUCERS = 3;

interface Acknowledged {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

type Protocol = 'isr' | 'raft';

interface ShakenOptions {
  readonly bugs?: readonly string[];
  readonly protocol?: Protocol;
}

class Shaken {
  readonly cluster: ReplicaCluster;
  readonly acknowledged: Acknowledged[] = [];
  readonly read = new Map<string, string>();
  private readonly random: Random;
  private isOver = false;
  private values = 0;
  private readonly protocol: Protocol;

  constructor(seed: number, { bugs = [], protocol = 'isr' }: ShakenOptions = {}) {
    this.protocol = protocol;
    this.random = randomStream(seed, 'shaken');
    this.cluster = new ReplicaCluster({ brokers: 3, seed, properties: PROPERTIES, bugs });
  }

  async run(): Promise<void> {
    const { cluster } = this;
    await cluster.run(async () => {
      await cluster.start();
      const configs = {
        'min.insync.replicas': '2',
        'segment.bytes': '1000',
        'replication.protocol': this.protocol,
      };
      cluster.createTopic(TOPIC, { partitions: PARTITIONS, configs });
      await cluster.sleep(200);
      const work = Array.from({ length: PRODUCERS }, () => this.produce());
      work.push(this.consume());
      for (let i = 0; i < STEPS; i++) await this.fault();
      await this.recover();
      this.isOver = true;
      await Promise.all(work);
      await this.check();
    });
  }

  private leader(partition: number): string | null {
    const { leader } = this.cluster.partition(TOPIC, partition);
    return leader === -1 ? null : `n${leader}`;
  }

  private async produce(): Promise<void> {
    const { cluster, random } = this;
    while (!this.isOver) {
      const partition = random.integer(0, PARTITIONS - 1);
      const node = this.leader(partition);
      await cluster.sleep(random.integer(1, 30));
      if (node === null) continue;
      const value = `v${this.values++}`;
      const client = await cluster.client(node);
      const answer = await client.produce(TOPIC, partition, [value], { timeoutMs: 1000 }).catch(() => null);
      if (answer?.errorCode === ERROR.NONE) {
        this.acknowledged.push({ partition, offset: answer.baseOffset, value });
      }
      client.close();
    }
  }

  private async consume(): Promise<void> {
    const { cluster, random } = this;
    const offsets = Array.from({ length: PARTITIONS }, () => 0);
    while (!this.isOver) {
      const partition = random.integer(0, PARTITIONS - 1);
      const node = this.leader(partition);
      await cluster.sleep(5);
      if (node === null) continue;
      const client = await cluster.client(node);
      const records = await client.records(TOPIC, partition, offsets[partition] as number).catch(() => []);
      for (const record of records) {
        const [offset = '', value = ''] = record.split(':');
        const place = `${partition}@${offset}`;
        expect(this.read.get(place) ?? value, place).toBe(value);
        this.read.set(place, value);
        offsets[partition] = Number(offset) + 1;
      }
      client.close();
    }
  }

  /** One broker at a time is in trouble, and is well again before the next. */
  private async fault(): Promise<void> {
    const { cluster, random } = this;
    const victim = random.integer(1, 3);
    const others = [1, 2, 3].filter((id) => id !== victim).map((id) => `n${id}`);
    const kind = random.integer(0, 3);
    if (kind === 0) {
      await cluster.kill(victim, { loseUnsynced: true });
      await cluster.sleep(random.integer(0, 1000));
      cluster.fence(victim);
      await cluster.sleep(random.integer(0, 1000));
      await cluster.restart(victim);
    } else if (kind === 1) {
      for (const other of others) {
        await cluster.sim.cut(`n${victim}`, other);
        await cluster.sim.cut(other, `n${victim}`);
      }
      await cluster.sleep(random.integer(0, 1500));
      if (random.integer(0, 1) === 0) cluster.fence(victim);
      await cluster.sleep(random.integer(0, 1500));
      for (const other of others) {
        await cluster.sim.heal(`n${victim}`, other);
        await cluster.sim.heal(other, `n${victim}`);
      }
      cluster.unfence(victim);
    } else if (kind === 2) {
      cluster.isControllerAway = true;
      await cluster.sleep(random.integer(0, 1000));
      cluster.isControllerAway = false;
    } else {
      cluster.fence(victim);
      await cluster.sleep(random.integer(0, 300));
      cluster.unfence(victim);
    }
    await this.recover();
  }

  private async recover(): Promise<void> {
    const isWell = (): boolean =>
      Array.from({ length: PARTITIONS }, (_, partition) => this.cluster.partition(TOPIC, partition)).every(
        ({ leader, isr }) => leader !== -1 && isr.length === 3,
      );
    for (let i = 0; i < 600 && !isWell(); i++) await this.cluster.sleep(50);
    expect(isWell(), 'all replicas are in sync again').toBe(true);
  }

  private async check(): Promise<void> {
    const { cluster } = this;
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const client = await cluster.client(this.leader(partition) as string);
      const found = new Map<number, string>();
      for (let offset = 0; ;) {
        const records = await client.records(TOPIC, partition, offset);
        if (records.length === 0) break;
        for (const record of records) {
          const [at = '', value = ''] = record.split(':');
          found.set(Number(at), value);
          offset = Number(at) + 1;
        }
      }
      for (const { offset, value } of this.acknowledged.filter((each) => each.partition === partition)) {
        expect(found.get(offset), `${partition}@${offset}`).toBe(value);
      }
    }
  }
}

test.each<Protocol>(['isr', 'raft'])('random faults, %s', { timeout: TIMEOUT_MS }, async (protocol) => {
  let acknowledged = 0;
  for (let seed = 1; seed <= 3; seed++) {
    const shaken = new Shaken(seed, { protocol });
    await shaken.run();
    const { sim, anomalies } = shaken.cluster;
    expect([seed, sim.crashes, sim.invariantViolations, anomalies]).toEqual([seed, [], [], []]);
    acknowledged += shaken.acknowledged.length;
    expect(shaken.read.size).toBeGreaterThan(20);
  }
  expect(acknowledged).toBeGreaterThan(100);
});

test('who acknowledges before replication is found out', { timeout: TIMEOUT_MS }, async () => {
  let isFound = false;
  for (let seed = 1; seed <= 5 && !isFound; seed++) {
    const shaken = new Shaken(seed, { bugs: ['ack-before-replication'] });
    const loss = await shaken.run().then(
      () => null,
      (error: unknown) => error,
    );
    isFound = loss !== null || shaken.cluster.anomalies.length > 0;
  }
  expect(isFound).toBe(true);
});
