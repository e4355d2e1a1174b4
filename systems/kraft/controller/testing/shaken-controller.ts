/**
 * Random events around a controller, judged by a slow model: what its image must be, what it must refuse, and whether what was
 * acknowledged is still there with every leader that was elected cleanly.
 *
 *     new ShakenController(seed, []).run(300);                           // throws a sentence when something is wrong
 *     new ShakenController(seed, ['unclean-election']).run(300);
 */
import type { Random } from '../../../../harness/random.ts';
import { randomStream } from '../../../../harness/random.ts';
import type { AlterPartitionRequest } from '../alter-partition.ts';
import type { Outcome } from '../controller-core.ts';
import { NO_LEADER, RESOURCE } from '../metadata-records.ts';
import { ControllerRig } from './controller-rig.ts';
import type { Entry, Leadership } from './shaken-broker.ts';
import { fetch, ShakenBroker } from './shaken-broker.ts';
import { forge, proposals } from './shaken-proposals.ts';
import type { SlowImage } from './slow-image.ts';
import { imageText, slowImage, slowImageAfter } from './slow-image.ts';
import { mayBeAccepted } from './slow-rules.ts';

const BROKERS = [1, 2, 3, 4];
const SESSION_MS = 9000;
const TOPICS = ['a', 'b', 'c'];
/** Older requests are lost. */
const NETWORK_MAX = 40;

/** What was acknowledged for a partition: entries by offset, since the last election that may lose. */
interface Acknowledged {
  readonly entries: Entry[];
}

export class ShakenController {
  private readonly rig: ControllerRig;
  private readonly random: Random;
  private readonly brokers = BROKERS.map((id) => new ShakenBroker(id));
  private readonly acknowledged = new Map<string, Acknowledged>();
  /** Requests on their way: they may arrive late, twice, or never. */
  private readonly network: AlterPartitionRequest[] = [];
  private readonly created = new Set<string>();
  private readonly epochs = new Map<number, string>();
  private readonly lastHeardMs = new Map<number, number>();
  private readonly deletions = new Map<string, number>();
  private before: SlowImage;
  private nextValue = 0;
  /** Members of the ISR that is being proposed: with it a reassignment may be complete, and another lead at once. */
  private joining: readonly number[] = [];
  /** What happened, to see whether a run proves anything. */
  readonly counts: Record<string, number> = {};

  constructor(seed: number, bugs: readonly string[], elrEnabled = true) {
    this.random = randomStream(seed, 'events');
    this.rig = new ControllerRig({
      bugs,
      seed,
      options: {
        sessionTimeoutMs: SESSION_MS,
        eligibleLeaderReplicas: elrEnabled,
        leaderImbalanceCheckIntervalMs: 30_000,
      },
    });
    this.before = slowImage(this.rig.latestRecords);
    this.keepsData = elrEnabled;
  }

  /** Without eligible replicas an unclean stop of the last one in sync may lose data: that is what KIP-966 mends. */
  private readonly keepsData: boolean;

  run(steps: number): void {
    for (const broker of this.brokers) this.register(broker);
    this.rig.commit();
    for (const broker of this.brokers) {
      this.replay(broker, Infinity);
      this.heartbeat(broker);
    }
    this.createTopic('a');
    this.createTopic('b');
    for (let step = 0; step < steps; step++) {
      this.rig.nowMs += this.random.integer(0, 400);
      this.step();
      this.check(step % 20 === 0);
    }
  }

  private count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  private step(): void {
    const { random } = this;
    const broker = random.pick(this.brokers);
    const roll = random.integer(0, 99);
    if (roll < 10) this.each(0.6, (each) => this.heartbeat(each));
    else if (roll < 15) this.each(0.5, (each) => this.register(each));
    else if (roll < 32) this.each(0.5, (each) => this.replay(each, random.integer(1, 60)));
    else if (roll < 50) this.replicate();
    else if (roll < 58) this.each(0.5, (each) => this.produce(each));
    else if (roll < 67) this.each(0.5, (each) => this.propose(each));
    else if (roll < 77) this.deliver();
    else if (roll < 90) this.rig.commit(random.integer(1, 5));
    else if (roll < 93) this.perform('tick', this.rig.core.tick(this.rig.nowMs));
    else if (roll < 95) this.stopOrStart(broker);
    else if (roll < 96) this.failover();
    else this.administer();
  }

  private each(chance: number, act: (broker: ShakenBroker) => void): void {
    for (const broker of this.brokers) if (this.random.chance(chance)) act(broker);
  }

  /** The controller decides, and the decision is looked at. */
  private perform<T>(what: string, outcome: Outcome<T>, answer: (response: T) => void = () => {}): void {
    const records = this.rig.perform(outcome, answer);
    this.count(outcome.kind === 'refusal' ? `${what} refused` : what);
    if (records.length === 0) return;
    for (const record of records) {
      if (record.type !== 'register-broker') continue;
      const incarnation = this.epochs.get(record.brokerEpoch) ?? record.incarnationId;
      if (incarnation !== record.incarnationId) {
        throw new Error(
          `two processes have the epoch ${record.brokerEpoch}: ${incarnation}, ${record.incarnationId}`,
        );
      }
    }
    this.checkElections(slowImageAfter(this.before, records));
  }

  /** Who is elected was in sync or eligible, or was last to lead, or else loss was allowed (KIP-966). */
  private checkElections(after: SlowImage): void {
    for (const [key, now] of Object.entries(after.partitions)) {
      const old = this.before.partitions[key];
      if (old === undefined || old.topicId !== now.topicId || old.leader === now.leader) continue;
      if (now.leader === NO_LEADER) continue;
      const topic = after.topics[now.topicId] as string;
      const allowed = after.configs[`2/${topic}/unclean.leader.election.enable`] === 'true';
      const known = [...old.isr, ...old.eligibleLeaderReplicas, ...old.lastKnownElr, ...this.joining];
      if (!known.includes(now.leader) && !allowed) {
        throw new Error(`${key}: ${now.leader} leads, and was neither in sync nor eligible`);
      }
      this.count(now.leaderRecoveryState === 'recovering' ? 'unclean elections' : 'clean elections');
    }
    this.before = after;
  }

  private check(thoroughly: boolean): void {
    const { core } = this.rig;
    core.invariants();
    if (!thoroughly || core.latestImage === null) return;
    const expected = imageText(slowImage(this.rig.latestRecords));
    if (imageText(slowImage(core.latestImage.toRecords())) !== expected) {
      throw new Error('the image is not what the records make');
    }
    const committed = slowImage(this.rig.log.filter((record) => record !== null));
    if (imageText(slowImage(core.image.toRecords())) !== imageText(committed)) {
      throw new Error('the committed image is not what the committed records make');
    }
  }

  // Brokers

  private register(broker: ShakenBroker): void {
    if (!broker.isUp || broker.epoch !== null) return;
    const { incarnation } = broker;
    const registered = this.before.brokers[broker.id];
    const heardMs = this.lastHeardMs.get(broker.id) ?? -Infinity;
    const isTaken =
      registered !== undefined &&
      !registered.fenced &&
      registered.incarnationId !== incarnation &&
      this.rig.nowMs - heardMs < SESSION_MS;
    const outcome = this.rig.core.registerBroker(this.rig.nowMs, {
      clusterId: 'cluster',
      brokerId: broker.id,
      incarnationId: incarnation,
      endPoints: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092, securityProtocol: 0 }],
      features: [],
      rack: `rack-${broker.id % 2}`,
      logDirs: [`directory-of-${broker.id}`],
      previousBrokerEpoch: broker.previousEpoch,
    });
    if (isTaken !== (outcome.kind === 'refusal')) {
      throw new Error(`broker ${broker.id} ${isTaken ? 'is alive, and another took its id' : 'was refused'}`);
    }
    if (outcome.kind === 'decision') this.lastHeardMs.set(broker.id, this.rig.nowMs);
    this.perform('register', outcome, ({ brokerEpoch }) => {
      this.epochs.set(brokerEpoch, incarnation);
      if (broker.incarnation !== incarnation || !broker.isUp) return;
      broker.epoch = brokerEpoch;
      // The file that shows a clean shutdown is gone once the broker works.
      broker.previousEpoch = -1;
    });
  }

  private heartbeat(broker: ShakenBroker): void {
    if (!broker.isUp || broker.epoch === null) return;
    const { incarnation, epoch } = broker;
    const metadataOffset = broker.replayed - 1;
    const isStale = this.before.brokers[broker.id]?.brokerEpoch !== epoch;
    const outcome = this.rig.core.heartbeat(this.rig.nowMs, {
      brokerId: broker.id,
      brokerEpoch: epoch,
      metadataOffset,
      wantsFence: this.random.chance(0.03),
      wantsShutdown: broker.isLeaving,
    });
    if (isStale !== (outcome.kind === 'refusal'))
      throw new Error('a heartbeat of a stale epoch was taken, or a good one refused');
    if (outcome.kind === 'decision') {
      this.lastHeardMs.set(broker.id, this.rig.nowMs);
      const unfenced = outcome.records.some(
        (r) => r.type === 'broker-registration-change' && r.fenced === false,
      );
      if (unfenced && metadataOffset < epoch) {
        throw new Error(
          `broker ${broker.id} is unfenced at ${metadataOffset}, before it saw its registration at ${epoch}`,
        );
      }
    }
    this.perform('heartbeat', outcome, ({ shouldShutDown }) => {
      if (shouldShutDown && broker.incarnation === incarnation && broker.isUp) {
        broker.stop(true, () => 1);
        this.count('clean shutdown');
      }
    });
  }

  private stopOrStart(broker: ShakenBroker): void {
    if (!broker.isUp) return broker.restart();
    if (this.random.chance(0.4)) broker.isLeaving = true;
    else {
      broker.stop(false, () => (this.random.chance(0.3) ? 1 : this.random.float()));
      this.count('crash');
      if (this.random.chance(0.6)) broker.restart();
    }
  }

  private replay(broker: ShakenBroker, count: number): void {
    if (!broker.isUp) return;
    const end = Math.min(this.rig.log.length, broker.replayed + count);
    for (; broker.replayed < end; broker.replayed++) {
      const record = this.rig.log[broker.replayed];
      if (record !== null && record !== undefined) broker.image.apply(record);
    }
    for (const topic of broker.image.topics.values()) {
      for (const partition of topic.partitions.values()) {
        const key = `${topic.id}/${partition.partitionId}`;
        if (broker.follow(key, partition))
          this.checkLeader(broker, key, partition.leaderRecoveryState === 'recovering');
      }
    }
    for (const key of broker.leads.keys()) {
      if (!broker.image.topics.has(key.split('/')[0] as string)) broker.leads.delete(key);
    }
  }

  // Data

  /** A new leader has all that was acknowledged, unless it was elected in spite of what it may lack. */
  private checkLeader(broker: ShakenBroker, key: string, recovering: boolean): void {
    const acknowledged = this.acknowledged.get(key);
    if (acknowledged === undefined) return;
    const log = broker.log(key);
    const lost = acknowledged.entries.findIndex((entry, offset) => log[offset]?.value !== entry.value);
    if (lost < 0) return this.count('leaders that have everything');
    if (!recovering && this.keepsData && !this.lossAllowed.has(key)) {
      throw new Error(`${key}: broker ${broker.id} leads without what was acknowledged at offset ${lost}`);
    }
    // Whoever leads now decides what there is.
    acknowledged.entries.length = lost;
    this.lossAllowed.add(key);
    this.count('losses that were allowed');
  }

  /** An unclean election was made here: a later leader may be seen first that follows an unclean one. */
  private readonly lossAllowed = new Set<string>();

  private produce(broker: ShakenBroker): void {
    for (const [key, leadership] of broker.leads) {
      broker.log(key).push({ value: this.nextValue++, leaderEpoch: leadership.leaderEpoch });
      this.acknowledge(broker, key, leadership);
    }
  }

  private acknowledge(broker: ShakenBroker, key: string, leadership: Leadership): void {
    const name = broker.image.topics.get(key.split('/')[0] as string)?.name ?? '';
    const partition = broker.image.partition(key.split('/')[0] as string, Number(key.split('/')[1]));
    const minIsr = Math.min(
      Number(broker.image.configs(RESOURCE.topic, name)?.get('min.insync.replicas') ?? 1),
      partition?.replicas.length ?? 1,
    );
    broker.advance(key, leadership, minIsr);
    let acknowledged = this.acknowledged.get(key);
    if (acknowledged === undefined) this.acknowledged.set(key, (acknowledged = { entries: [] }));
    const log = broker.log(key);
    for (let offset = acknowledged.entries.length; offset < leadership.highWatermark; offset++) {
      acknowledged.entries.push(log[offset] as Entry);
      this.count('acknowledged');
    }
  }

  private replicate(): void {
    for (const follower of this.brokers) {
      if (!follower.isCaughtUp || this.random.chance(0.5)) continue;
      for (const topic of follower.image.topics.values()) {
        for (const partition of topic.partitions.values()) {
          if (!partition.replicas.includes(follower.id) || partition.leader === follower.id) continue;
          const leader = this.brokers.find(({ id }) => id === partition.leader);
          const key = `${topic.id}/${partition.partitionId}`;
          const leadership = leader?.leads.get(key);
          if (leader === undefined || leadership?.leaderEpoch !== partition.leaderEpoch) continue;
          fetch(leader, follower, key, this.random.integer(0, 3));
          this.acknowledge(leader, key, leadership);
        }
      }
    }
  }

  // ISRs

  private propose(broker: ShakenBroker): void {
    this.network.push(...proposals(broker, this.random));
    if (this.network.length > NETWORK_MAX) this.network.splice(0, this.network.length - NETWORK_MAX);
  }

  private deliver(): void {
    if (this.network.length === 0) return;
    // The latest first, mostly: the others are late.
    const at = this.random.chance(0.7)
      ? this.network.length - 1
      : this.random.integer(0, this.network.length - 1);
    const sent = this.network[at] as AlterPartitionRequest;
    if (this.random.chance(0.6)) this.network.splice(at, 1);
    const request = this.random.chance(0.15) ? forge(sent, this.before, this.random) : sent;
    const image = this.before;
    const outcome = this.rig.core.alterPartition(this.rig.nowMs, request);
    const isStale = image.brokers[request.brokerId]?.brokerEpoch !== request.brokerEpoch;
    if (isStale !== (outcome.kind === 'refusal'))
      throw new Error('AlterPartition of a stale broker was taken, or a good one refused');
    if (outcome.kind === 'decision') {
      outcome.response.forEach(({ error }, i) => {
        const proposal = request.partitions[i] as AlterPartitionRequest['partitions'][0];
        const expected = mayBeAccepted(image, request.brokerId, proposal);
        const accepted = error === 'NONE' || error === 'NEW_LEADER_ELECTED';
        if (accepted !== expected) {
          throw new Error(`AlterPartition was answered ${error}: ${JSON.stringify(request)}`);
        }
        this.count(accepted ? 'ISR accepted' : `ISR ${error}`);
      });
    }
    const leader = this.brokers.find(({ id }) => id === request.brokerId) as ShakenBroker;
    this.joining = request.partitions.flatMap(({ isr }) => isr.map(({ brokerId }) => brokerId));
    this.perform('alter partition', outcome, (results) => {
      for (const { topicId, partitionId, partition } of results) {
        const leadership = leader.leads.get(`${topicId}/${partitionId}`);
        if (partition !== null && leadership !== undefined) leader.adopt(leadership, partition);
      }
    });
    this.joining = [];
  }

  // Operators

  private failover(): void {
    this.count('failover');
    this.rig.failover();
    this.before = slowImage(this.rig.latestRecords);
    for (const id of Object.keys(this.before.brokers)) this.lastHeardMs.set(Number(id), this.rig.nowMs);
    for (const topic of this.created) {
      if (!Object.values(this.before.topics).includes(topic)) {
        throw new Error(`topic ${topic} was acknowledged, and the next controller has never heard of it`);
      }
    }
  }

  private createTopic(name: string): void {
    const { random, rig } = this;
    const minIsr = random.integer(1, 3);
    const topic = {
      name,
      partitions: random.integer(1, 2),
      replicationFactor: random.integer(2, 3),
      assignments: null,
      configs: {
        'min.insync.replicas': `${minIsr}`,
        ...(random.chance(0.1) ? { 'unclean.leader.election.enable': 'true' } : {}),
      },
    };
    const deletions = this.deletions.get(name);
    this.perform(
      'create',
      rig.core.createTopics(rig.nowMs, { topics: [topic], validateOnly: false }),
      (results) => {
        if (results[0]?.error === 'NONE' && this.deletions.get(name) === deletions) this.created.add(name);
      },
    );
  }

  private administer(): void {
    const { random, rig } = this;
    const name = random.pick(TOPICS);
    const roll = random.integer(0, 9);
    if (roll < 3) {
      this.createTopic(name);
    } else if (roll < 4) {
      if (!random.chance(0.3)) return;
      this.created.delete(name);
      this.deletions.set(name, (this.deletions.get(name) ?? 0) + 1);
      this.perform('delete', rig.core.deleteTopics(rig.nowMs, [{ name }]));
    } else if (roll < 6) {
      const partitions = random.chance(0.5) ? null : [{ topic: name, partitionId: 0 }];
      this.perform('elect', rig.core.electLeaders(rig.nowMs, { type: 'preferred', partitions }));
    } else if (roll < 9) {
      const replicas = random.chance(0.3) ? null : random.shuffle(BROKERS).slice(0, random.integer(2, 3));
      this.perform(
        'reassign',
        rig.core.alterReassignments(rig.nowMs, [{ topic: name, partitionId: 0, replicas }]),
      );
    } else {
      const broker = random.pick(this.brokers);
      const request = { brokerId: broker.id, brokerEpoch: broker.epoch ?? -1 };
      this.perform('producer ids', rig.core.allocateProducerIds(rig.nowMs, request));
    }
  }
}
