/**
 * What the controller of KRaft costs on one core, in memory: 10,000 partitions on 3 brokers are created; a broker fails; it comes
 * back and is in sync again; another controller takes over; a snapshot is written and read; records become bytes.
 *
 *     node bench/kraft-controller.ts
 */
import { pathToFileURL } from 'node:url';
import { randomStream } from '../harness/random.ts';
import type { Outcome } from '../systems/kraft/controller/controller-core.ts';
import { ControllerCore } from '../systems/kraft/controller/controller-core.ts';
import { CONTROLLER_DEFAULTS } from '../systems/kraft/controller/controller-options.ts';
import type { MetadataRecord } from '../systems/kraft/controller/metadata-records.ts';
import { decodeRecord, encodeRecord } from '../systems/kraft/controller/record-codec.ts';
import { correctRules } from '../systems/kraft/controller/rules.ts';
import { newUuid } from '../systems/kraft/controller/topic-names.ts';

const BROKERS = [1, 2, 3];
const TOPICS = 100;
const PARTITIONS = 100;

/** A controller whose records are committed at once. */
class Bench {
  core = this.newCore();
  readonly log: MetadataRecord[] = [];
  nowMs = 0;

  newCore(): ControllerCore {
    return new ControllerCore({
      options: { ...CONTROLLER_DEFAULTS, nodeId: 1, clusterId: 'bench', idleIntervalMs: 0 },
      rules: correctRules,
      random: randomStream(1, 'controller'),
    });
  }

  perform<T>(outcome: Outcome<T>): { response: T; records: readonly MetadataRecord[] } {
    if (outcome.kind === 'refusal') throw new Error(outcome.message);
    if (outcome.records.length > 0) this.core.committed(outcome.baseOffset, outcome.records);
    this.log.push(...outcome.records);
    return outcome;
  }

  register(brokerId: number, process: number): void {
    this.perform(
      this.core.registerBroker(this.nowMs, {
        clusterId: 'bench',
        brokerId,
        incarnationId: newUuid(randomStream(1, 'process', brokerId, process)),
        endPoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
        features: [],
        rack: null,
        logDirs: [newUuid(randomStream(1, 'directory', brokerId))],
        previousBrokerEpoch: -1,
      }),
    );
    this.heartbeat(brokerId);
  }

  heartbeat(brokerId: number): number {
    const brokerEpoch = this.core.image.brokers.get(brokerId)?.epoch ?? -1;
    const request = {
      brokerId,
      brokerEpoch,
      metadataOffset: this.log.length,
      wantsFence: false,
      wantsShutdown: false,
    };
    return this.perform(this.core.heartbeat(this.nowMs, request)).records.length;
  }
}

function timed(title: string, work: () => string): void {
  const startedMs = performance.now();
  const result = work();
  console.log(`kraft-controller: ${title}: ${(performance.now() - startedMs).toFixed(1)} ms; ${result}`);
}

function measure(): void {
  const bench = new Bench();
  bench.perform(bench.core.activate(0, 0));
  for (const broker of BROKERS) bench.register(broker, 1);
  timed(`${TOPICS * PARTITIONS} partitions created, factor 3, a request a topic`, () => {
    for (let i = 0; i < TOPICS; i++) {
      const topic = {
        name: `topic-${i}`,
        partitions: PARTITIONS,
        replicationFactor: 3,
        assignments: null,
        configs: { 'min.insync.replicas': '2' },
      };
      bench.perform(bench.core.createTopics(0, { topics: [topic], validateOnly: false }));
    }
    const leaderships = BROKERS.map((broker) => bench.core.image.index.leaderships(broker));
    return `leaderships ${leaderships.join(', ')}`;
  });
  timed('a broker fails: it leaves every ISR, others lead', () => {
    bench.nowMs = 5000;
    for (const broker of [2, 3]) bench.heartbeat(broker);
    bench.nowMs = 9000;
    const { records } = bench.perform(bench.core.tick(bench.nowMs));
    return `${records.length} records`;
  });
  timed('it comes back', () => {
    bench.register(1, 2);
    return `${bench.core.image.index.leaderships(1)} leaderships`;
  });
  timed('leaders propose it for every ISR, 100 partitions a request', () => {
    let accepted = 0;
    const { brokers, topics } = bench.core.image;
    for (const topic of topics.values()) {
      for (const leader of [2, 3]) {
        const led = [...topic.partitions.values()].filter((partition) => partition.leader === leader);
        const partitions = led.map(({ topicId, partitionId, leaderEpoch, partitionEpoch }) => ({
          ...{ topicId, partitionId, leaderEpoch, partitionEpoch },
          isr: BROKERS.map((brokerId) => ({ brokerId, brokerEpoch: brokers.get(brokerId)?.epoch ?? -1 })),
          leaderRecoveryState: 'recovered' as const,
        }));
        const brokerEpoch = brokers.get(leader)?.epoch ?? -1;
        const request = { brokerId: leader, brokerEpoch, partitions };
        const { response } = bench.perform(bench.core.alterPartition(bench.nowMs, request));
        accepted += response.filter(({ error }) => error === 'NONE').length;
      }
    }
    return `${accepted} accepted`;
  });
  timed('preferred leaders are elected', () => {
    const request = { type: 'preferred' as const, partitions: null };
    const { records } = bench.perform(bench.core.electLeaders(bench.nowMs, request));
    return `${records.length} elections`;
  });
  timed('another controller that has replayed the log becomes active', () => {
    bench.perform(bench.core.activate(bench.nowMs, bench.log.length));
    return `${bench.core.latestImage?.topics.size ?? 0} topics`;
  });
  let snapshot: MetadataRecord[] = [];
  timed('a snapshot is written, as records', () => {
    snapshot = bench.core.image.toRecords();
    return `${snapshot.length} records`;
  });
  timed('and read', () => {
    const core = bench.newCore();
    core.loadSnapshot(snapshot, bench.log.length - 1);
    return `${core.image.topics.size} topics`;
  });
  let encoded: Uint8Array[] = [];
  timed('the whole log becomes bytes', () => {
    encoded = bench.log.map(encodeRecord);
    const bytes = encoded.reduce((sum, { length }) => sum + length, 0);
    return `${encoded.length} records, ${Math.round(bytes / 1000)} kB`;
  });
  timed('and records again', () => `${encoded.map(decodeRecord).length} records`);
  timed('invariants of all partitions, once', () => {
    bench.core.invariants();
    return 'hold';
  });
}

export function run(): void {
  measure();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) run();
