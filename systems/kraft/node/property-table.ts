/**
 * The keys of `server.properties`: their types, ranges and defaults, which are Kafka's.
 *
 *     PROPERTY_TABLE['num.partitions'].default // 1
 *
 * What Kafka has and we have no use for is read and checked, so that a file of a tutorial works as it is. `WITHOUT_EFFECT` names it: who
 * sets it is warned. Only of threads and buffers of sockets nothing is said: Kafka's own `server.properties` sets all of them.
 */
import * as type from './property-types.ts';

const HOUR_MS = 3_600_000;
const NEVER = Number.MAX_SAFE_INTEGER;
const COMPRESSIONS = ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const SEGMENT_BYTES_MIN = 14;
const COORDINATOR_SEGMENT_BYTES = 104_857_600;
const COORDINATOR_LOAD_BYTES = 5_242_880;

const positive = (byDefault: number) => type.int({ min: 1, default: byDefault });
const notNegative = (byDefault: number) => type.int({ min: 0, default: byDefault });
const replicationFactor = (byDefault: number) => type.int({ min: 1, max: 32_767, default: byDefault });

export const PROPERTY_TABLE = {
  // Who this node is
  'process.roles': type.requiredList(['broker', 'controller']),
  'node.id': type.requiredInt({ min: 0 }),
  'broker.rack': type.text(null),
  'log.dirs': type.list(),
  'log.dir': type.text('/tmp/kafka-logs'),
  'metadata.log.dir': type.text(null),

  // Where it listens
  listeners: type.listeners([{ name: 'PLAINTEXT', host: '', port: 9092 }]),
  'advertised.listeners': type.listeners(null),
  'inter.broker.listener.name': type.text(null),
  'controller.listener.names': type.list(),
  'listener.security.protocol.map': type.mapping({
    PLAINTEXT: 'PLAINTEXT',
    SSL: 'SSL',
    SASL_PLAINTEXT: 'SASL_PLAINTEXT',
    SASL_SSL: 'SASL_SSL',
  }),

  // The quorum
  'controller.quorum.voters': type.voters(),
  'controller.quorum.bootstrap.servers': type.servers(),
  'controller.quorum.election.timeout.ms': positive(1_000),
  'controller.quorum.fetch.timeout.ms': positive(2_000),
  'controller.quorum.election.backoff.max.ms': notNegative(1_000),
  'controller.quorum.append.linger.ms': notNegative(25),
  'controller.quorum.request.timeout.ms': positive(2_000),
  'controller.quorum.retry.backoff.ms': notNegative(20),
  'metadata.log.segment.bytes': type.int({ min: 12, default: 1_073_741_824 }),
  'metadata.log.max.record.bytes.between.snapshots': type.long({ min: 1, default: 20_971_520 }),
  'metadata.log.max.snapshot.interval.ms': type.long({ min: 0, default: HOUR_MS }),
  'metadata.max.idle.interval.ms': notNegative(500),

  // Brokers and replicas
  'broker.heartbeat.interval.ms': positive(2_000),
  'broker.session.timeout.ms': positive(9_000),
  'replica.lag.time.max.ms': type.long({ min: 1, default: 30_000 }),
  'replica.fetch.max.bytes': notNegative(1_048_576),
  'replica.fetch.min.bytes': notNegative(1),
  'replica.fetch.wait.max.ms': notNegative(500),
  'replica.fetch.backoff.ms': notNegative(1_000),
  'replica.socket.timeout.ms': positive(30_000),
  'min.insync.replicas': positive(1),
  'unclean.leader.election.enable': type.boolean(false),
  // Ours: how the partitions of new topics are replicated.
  'replication.protocol': type.choice(['isr', 'raft'], 'isr'),
  'default.replication.factor': replicationFactor(1),
  'auto.leader.rebalance.enable': type.boolean(true),
  'leader.imbalance.check.interval.seconds': type.long({ min: 1, default: 300 }),
  'controlled.shutdown.enable': type.boolean(true),

  // Topics and logs
  'num.partitions': positive(1),
  'auto.create.topics.enable': type.boolean(true),
  'delete.topic.enable': type.boolean(true),
  'message.max.bytes': notNegative(1_048_588),
  'compression.type': type.choice(COMPRESSIONS, 'producer'),
  'log.cleanup.policy': type.list({ of: ['delete', 'compact'], default: ['delete'] }),
  'log.cleaner.enable': type.boolean(true),
  'log.cleaner.delete.retention.ms': type.long({ min: 0, default: 86_400_000 }),
  'log.cleaner.min.cleanable.ratio': type.fraction(0.5),
  'log.cleaner.min.compaction.lag.ms': type.long({ min: 0, default: 0 }),
  'log.cleaner.max.compaction.lag.ms': type.long({ min: 1, default: NEVER }),
  'log.message.timestamp.after.max.ms': type.long({ min: 0, default: HOUR_MS }),
  'log.message.timestamp.before.max.ms': type.long({ min: 0, default: NEVER }),
  'log.message.timestamp.type': type.choice(['CreateTime', 'LogAppendTime'], 'CreateTime'),
  'log.segment.bytes': type.int({ min: SEGMENT_BYTES_MIN, default: 1_073_741_824 }),
  'log.index.interval.bytes': notNegative(4_096),
  'log.index.size.max.bytes': type.int({ min: 4, default: 10_485_760 }),
  'log.roll.ms': type.long({ min: 1, default: null }),
  'log.roll.hours': positive(168),
  'log.roll.jitter.ms': type.long({ min: 0, default: null }),
  'log.roll.jitter.hours': notNegative(0),
  'log.preallocate': type.boolean(false),
  'log.segment.delete.delay.ms': type.long({ min: 0, default: 60_000 }),
  'log.retention.ms': type.long({ min: -1, default: null }),
  'log.retention.minutes': type.int({ min: -1, default: null }),
  'log.retention.hours': type.int({ min: -1, default: 168 }),
  'log.retention.bytes': type.long({ min: -1, default: -1 }),
  'log.retention.check.interval.ms': type.long({ min: 1, default: 300_000 }),
  'log.flush.interval.messages': type.long({ min: 1, default: NEVER }),
  'log.flush.interval.ms': type.long({ min: 0, default: null }),
  'log.flush.scheduler.interval.ms': type.long({ min: 1, default: NEVER }),

  // Groups
  'offsets.topic.num.partitions': positive(50),
  'offsets.topic.replication.factor': replicationFactor(3),
  'offsets.topic.segment.bytes': positive(COORDINATOR_SEGMENT_BYTES),
  // A number of a codec: none, gzip, snappy, lz4, zstd.
  'offsets.topic.compression.codec': type.int({ min: 0, max: 4, default: 0 }),
  'offsets.load.buffer.size': positive(COORDINATOR_LOAD_BYTES),
  'offsets.retention.minutes': positive(10_080),
  'offsets.retention.check.interval.ms': type.long({ min: 1, default: 600_000 }),
  'offset.metadata.max.bytes': notNegative(4_096),
  'group.initial.rebalance.delay.ms': notNegative(3_000),
  'group.min.session.timeout.ms': notNegative(6_000),
  'group.max.session.timeout.ms': notNegative(1_800_000),
  'group.max.size': positive(type.INT_MAX),

  // Transactions
  'transaction.state.log.num.partitions': positive(50),
  'transaction.state.log.replication.factor': replicationFactor(3),
  'transaction.state.log.min.isr': positive(2),
  'transaction.state.log.segment.bytes': positive(COORDINATOR_SEGMENT_BYTES),
  'transaction.state.log.load.buffer.size': positive(COORDINATOR_LOAD_BYTES),
  'transaction.max.timeout.ms': positive(900_000),
  'transactional.id.expiration.ms': positive(604_800_000),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': positive(10_000),

  // The machine
  'socket.request.max.bytes': positive(104_857_600),
  // Without effect, and without a warning.
  'socket.send.buffer.bytes': type.int({ min: -1, default: 102_400 }),
  'socket.receive.buffer.bytes': type.int({ min: -1, default: 102_400 }),
  'num.network.threads': positive(3),
  'num.io.threads': positive(8),
  'num.recovery.threads.per.data.dir': positive(2),
  'connections.max.idle.ms': type.long({ default: 600_000 }),
  'max.connections': notNegative(type.INT_MAX),
  'max.connections.per.ip': notNegative(type.INT_MAX),
} as const;

/** An operator who sets one of these expects something of it, and nothing comes. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set<keyof typeof PROPERTY_TABLE>([
  'controller.quorum.append.linger.ms',
  'log.index.size.max.bytes',
  'log.preallocate',
  'log.roll.jitter.hours',
  'log.roll.jitter.ms',
  'log.segment.delete.delay.ms',
  'offsets.load.buffer.size',
  'transaction.state.log.load.buffer.size',
]);

export type PropertyKey = keyof typeof PROPERTY_TABLE;
type ValueOf<T> = T extends type.PropertyType<infer V> ? V : never;
export type PropertyValues = { readonly [K in PropertyKey]: ValueOf<(typeof PROPERTY_TABLE)[K]> };
