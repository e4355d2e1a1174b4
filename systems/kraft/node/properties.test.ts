import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  advertisedControllerListeners,
  advertisedListeners,
  interBrokerListenerName,
} from './property-checks.ts';
import { PROPERTY_TABLE } from './property-table.ts';
import { logDirs, readServerProperties, retentionMs } from './properties.ts';

/** As the tutorials have it. */
const COMBINED = [
  'process.roles=broker,controller',
  'node.id=1',
  'controller.quorum.voters=1@localhost:9093,2@localhost:9095,3@localhost:9097',
  'listeners=PLAINTEXT://:9092,CONTROLLER://:9093',
  'advertised.listeners=PLAINTEXT://localhost:9092',
  'inter.broker.listener.name=PLAINTEXT',
  'controller.listener.names=CONTROLLER',
  'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL',
];

/** The tutorial's file with these lines instead of those of the same keys, or more; a value of null takes one away. */
function fileWith(changes: Readonly<Record<string, string | null>>): string {
  const lines = COMBINED.map((line) => line.split(/=(.*)/s) as [string, string]);
  const entries = new Map<string, string | null>([...lines, ...Object.entries(changes)]);
  return [...entries].flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`])).join('\n');
}

const read = (changes: Readonly<Record<string, string | null>> = {}) =>
  readServerProperties(fileWith(changes), 's.properties');

function refusal(changes: Readonly<Record<string, string | null>>): readonly string[] {
  try {
    read(changes);
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('server.properties', () => {
  test('a tutorial’s file', () => {
    const { values, warnings } = read({ 'log.dirs': '/var/a, /var/b' });
    expect(warnings).toEqual([]);
    expect(values['process.roles']).toEqual(['broker', 'controller']);
    expect(values['node.id']).toBe(1);
    expect(values['controller.quorum.voters'][1]).toEqual({ id: 2, host: 'localhost', port: 9095 });
    expect(values.listeners).toEqual([
      { name: 'PLAINTEXT', host: '', port: 9092 },
      { name: 'CONTROLLER', host: '', port: 9093 },
    ]);
    expect(advertisedListeners(values)).toEqual([{ name: 'PLAINTEXT', host: 'localhost', port: 9092 }]);
    expect(interBrokerListenerName(values)).toBe('PLAINTEXT');
    expect(logDirs(values)).toEqual(['/var/a', '/var/b']);
  });

  test('defaults are Kafka’s', () => {
    const { values } = read({ 'advertised.listeners': null, 'inter.broker.listener.name': null });
    expect(advertisedListeners(values)).toEqual([{ name: 'PLAINTEXT', host: '', port: 9092 }]);
    expect(interBrokerListenerName(values)).toBe('PLAINTEXT');
    expect(logDirs(values)).toEqual(['/tmp/kafka-logs']);
    expect(retentionMs(values)).toBe(7 * 24 * 3_600_000);
    expect(values['offsets.topic.num.partitions']).toBe(50);
    expect(values['controller.quorum.fetch.timeout.ms']).toBe(2_000);
    expect(values['log.flush.interval.messages']).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('every default is one that could be written', () => {
    for (const [key, type] of Object.entries(PROPERTY_TABLE)) {
      const value: unknown = type.default;
      if (typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'string') continue;
      if ('isRequired' in type) continue;
      expect([key, type.read(String(value))]).toEqual([key, { value }]);
    }
  });

  test('brokers and controllers apart', () => {
    const broker = {
      'process.roles': 'broker',
      'node.id': '4',
      listeners: 'PLAINTEXT://:9092',
    };
    expect(read(broker).values['process.roles']).toEqual(['broker']);
    const controller = {
      'process.roles': 'controller',
      listeners: 'CONTROLLER://:9093',
      'advertised.listeners': null,
    };
    expect(read(controller).values['process.roles']).toEqual(['controller']);
    const dynamic = { 'controller.quorum.voters': null, 'controller.quorum.bootstrap.servers': '[::1]:9093' };
    expect(read(dynamic).values['controller.quorum.bootstrap.servers']).toEqual([
      { host: '::1', port: 9093 },
    ]);
  });

  test('listeners of controllers are advertised, and not to clients: Kafka 4.0’s own file', () => {
    const both = 'PLAINTEXT://localhost:9092,CONTROLLER://here:9094';
    const { values } = read({ 'advertised.listeners': both, 'controller.listener.names': 'controller' });
    expect(advertisedListeners(values)).toEqual([{ name: 'PLAINTEXT', host: 'localhost', port: 9092 }]);
    const [controller] = advertisedControllerListeners(values);
    expect(controller).toEqual({ name: 'CONTROLLER', host: 'here', port: 9094 });
    expect(advertisedControllerListeners(read().values)).toEqual([
      { name: 'CONTROLLER', host: '', port: 9093 },
    ]);
  });

  test('how long records are kept: the finest unit counts', () => {
    expect(retentionMs(read({ 'log.retention.hours': '2' }).values)).toBe(7_200_000);
    expect(retentionMs(read({ 'log.retention.hours': '2', 'log.retention.minutes': '3' }).values)).toBe(
      180_000,
    );
    expect(retentionMs(read({ 'log.retention.minutes': '3', 'log.retention.ms': '4' }).values)).toBe(4);
    expect(retentionMs(read({ 'log.retention.hours': '-1' }).values)).toBe(-1);
  });

  test('warnings', () => {
    const text = `${fileWith({ 'log.dri': '/x', 'share.coordinator.threads': '1' })}\nnode.id=1`;
    expect(readServerProperties(text, 's.properties').warnings).toEqual([
      's.properties line 9: unknown key log.dri: did you mean log.dirs?',
      's.properties line 10: unknown key share.coordinator.threads',
      's.properties line 11: node.id is set again: s.properties line 2 does not count',
    ]);
    const idle = { 'offsets.load.buffer.size': '1000', 'controller.quorum.append.linger.ms': '5' };
    expect(read({ ...idle, 'offsets.topic.compression.codec': '1' }).warnings).toEqual([
      's.properties line 9: offsets.load.buffer.size has no effect here',
      's.properties line 10: controller.quorum.append.linger.ms has no effect here',
    ]);
    // Kafka's own file sets them.
    const shipped = {
      ...{ 'num.network.threads': '3', 'num.io.threads': '8', 'num.recovery.threads.per.data.dir': '1' },
      ...{ 'socket.send.buffer.bytes': '102400', 'socket.receive.buffer.bytes': '102400' },
    };
    expect(read(shipped).warnings).toEqual([]);
    expect(read({ 'broker.heartbeat.interval.ms': '5000', 'min.insync.replicas': '2' }).warnings).toEqual([
      's.properties line 9: broker.heartbeat.interval.ms=5000: one lost heartbeat fences: broker.session.timeout.ms is 9000',
      's.properties line 10: min.insync.replicas=2: topics of default.replication.factor 1 take no writes with acks=all',
    ]);
  });

  const VOTERS = '1@localhost:9093,2@localhost:9095,3@localhost:9097';
  test.each<[Record<string, string | null>, string[]]>([
    [{ 'node.id': null }, ['s.properties: node.id is not set, and has no default']],
    [{ 'node.id': 'one' }, ['s.properties line 2: node.id=one: must be a whole number']],
    [
      { 'log.cleaner.min.cleanable.ratio': '1.5' },
      ['s.properties line 9: log.cleaner.min.cleanable.ratio=1.5: must be a number from 0 to 1'],
    ],
    [
      { 'offsets.topic.compression.codec': '5' },
      ['s.properties line 9: offsets.topic.compression.codec=5: must be at most 4'],
    ],
    [{ 'node.id': '-1' }, ['s.properties line 2: node.id=-1: must be at least 0']],
    [{ 'node.id': '2147483648' }, ['s.properties line 2: node.id=2147483648: must be at most 2147483647']],
    [{ 'process.roles': null }, ['s.properties: process.roles is not set, and has no default']],
    [
      { 'process.roles': 'zookeeper' },
      ['s.properties line 1: process.roles=zookeeper: takes of broker, controller, and “zookeeper” is none'],
    ],
    [
      { 'process.roles': '', listeners: 'CONTROLLER://:9093' },
      ['s.properties line 1: process.roles=: must name broker, controller, or both'],
    ],
    [
      { 'process.roles': 'broker,controller,broker' },
      ['s.properties line 1: process.roles=broker,controller,broker: names a role twice'],
    ],
    [
      { 'node.id': '9' },
      [
        `s.properties line 2: node.id=9: a controller must be among controller.quorum.voters, which are ${VOTERS}`,
      ],
    ],
    [
      { 'process.roles': 'broker', listeners: 'PLAINTEXT://:9092' },
      [
        's.properties line 2: node.id=1: only a controller may be among controller.quorum.voters, and process.roles is broker',
      ],
    ],
    [
      { 'controller.quorum.voters': '1@localhost' },
      [
        's.properties line 3: controller.quorum.voters=1@localhost: takes ID@HOST:PORT, and “1@localhost” is not so',
      ],
    ],
    [
      { 'controller.quorum.voters': '1@h:1,1@h:2' },
      ['s.properties line 3: controller.quorum.voters=1@h:1,1@h:2: names a voter twice'],
    ],
    [
      { 'controller.quorum.voters': null },
      [
        's.properties: controller.quorum.voters=: must be set, or controller.quorum.bootstrap.servers: who is the quorum?',
      ],
    ],
    [
      { 'controller.quorum.bootstrap.servers': 'h' },
      ['s.properties line 9: controller.quorum.bootstrap.servers=h: takes HOST:PORT, and “h” is not so'],
    ],
    [
      { listeners: 'PLAINTEXT:9092' },
      [
        's.properties line 4: listeners=PLAINTEXT:9092: takes NAME://HOST:PORT, and “PLAINTEXT:9092” is not so',
      ],
    ],
    [
      { listeners: 'PLAINTEXT://:70000' },
      [
        's.properties line 4: listeners=PLAINTEXT://:70000: takes NAME://HOST:PORT, and “PLAINTEXT://:70000” is not so',
      ],
    ],
    [
      { listeners: 'PLAINTEXT://:1,PLAINTEXT://:2,CONTROLLER://:3' },
      [
        's.properties line 4: listeners=PLAINTEXT://:1,PLAINTEXT://:2,CONTROLLER://:3: names a listener twice',
      ],
    ],
    [
      { listeners: 'PLAINTEXT://:1,CONTROLLER://:1' },
      ['s.properties line 4: listeners=PLAINTEXT://:1,CONTROLLER://:1: names a port twice'],
    ],
    [
      { 'controller.listener.names': null },
      ['s.properties: controller.listener.names=: must name the listener on which controllers are reached'],
    ],
    [
      { listeners: 'PLAINTEXT://:9092' },
      [
        's.properties line 7: controller.listener.names=CONTROLLER: a controller must listen there, and listeners is PLAINTEXT://:9092',
      ],
    ],
    [
      { 'process.roles': 'broker', 'node.id': '4' },
      [
        's.properties line 4: listeners=PLAINTEXT://:9092,CONTROLLER://:9093: only a controller listens on CONTROLLER',
      ],
    ],
    [
      { 'process.roles': 'controller' },
      [
        's.properties line 4: listeners=PLAINTEXT://:9092,CONTROLLER://:9093: a controller that is no broker listens only on CONTROLLER',
      ],
    ],
    [
      { 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT' },
      [
        's.properties line 8: listener.security.protocol.map=PLAINTEXT: does not say the protocol of listener CONTROLLER',
      ],
    ],
    [
      { 'listener.security.protocol.map': 'PLAINTEXT' },
      [
        's.properties line 8: listener.security.protocol.map=PLAINTEXT: takes NAME:PROTOCOL, and “PLAINTEXT” is not so',
      ],
    ],
    [
      { 'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:SSL' },
      ['s.properties line 8: listener.security.protocol.map=CONTROLLER:SSL: only PLAINTEXT is spoken here'],
    ],
    [
      { 'advertised.listeners': 'CONTROLLER://0.0.0.0:9093,PLAINTEXT://h:9092' },
      [
        's.properties line 5: advertised.listeners=CONTROLLER://0.0.0.0:9093,PLAINTEXT://h:9092: controllers cannot connect to “0.0.0.0”: name a host that they reach',
      ],
    ],
    [
      { 'advertised.listeners': 'CONTROLLER://h:9093', 'inter.broker.listener.name': null },
      [
        's.properties line 5: advertised.listeners=CONTROLLER://h:9093: a broker needs a listener that is not the controllers’',
      ],
    ],
    [
      { 'advertised.listeners': 'OTHER://h:1,PLAINTEXT://h:9092' },
      [
        's.properties line 5: advertised.listeners=OTHER://h:1,PLAINTEXT://h:9092: OTHER is not among listeners',
      ],
    ],
    [
      { 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9092' },
      [
        's.properties line 5: advertised.listeners=PLAINTEXT://0.0.0.0:9092: clients cannot connect to “0.0.0.0”: name a host that they reach',
      ],
    ],
    [
      { 'inter.broker.listener.name': 'OTHER' },
      ['s.properties line 6: inter.broker.listener.name=OTHER: must be one of PLAINTEXT'],
    ],
    [
      { listeners: 'CONTROLLER://:9093', 'advertised.listeners': null },
      [
        's.properties line 4: listeners=CONTROLLER://:9093: a broker needs a listener that is not the controllers’',
      ],
    ],
    [
      { 'unclean.leader.election.enable': 'yes' },
      ['s.properties line 9: unclean.leader.election.enable=yes: must be true or false'],
    ],
    [
      { 'compression.type': 'best' },
      [
        's.properties line 9: compression.type=best: must be one of producer, uncompressed, gzip, snappy, lz4, zstd',
      ],
    ],
    [{ 'log.dir': '' }, ['s.properties line 9: log.dir=: must not be empty']],
    [
      { 'log.retention.bytes': '9223372036854775808' },
      ['s.properties line 9: log.retention.bytes=9223372036854775808: must be at most 9223372036854775807'],
    ],
    [
      { 'group.min.session.timeout.ms': '2000000' },
      [
        's.properties line 9: group.min.session.timeout.ms=2000000: must be at most group.max.session.timeout.ms, which is 1800000',
      ],
    ],
    [
      { 'replica.fetch.wait.max.ms': '40000' },
      [
        's.properties line 9: replica.fetch.wait.max.ms=40000: must be at most replica.lag.time.max.ms, which is 30000',
        's.properties line 9: replica.fetch.wait.max.ms=40000: must be at most replica.socket.timeout.ms, which is 30000',
      ],
    ],
  ])('refused: %j', (changes, expected) => {
    expect(refusal(changes)).toEqual(expected);
  });

  test('all that is wrong is said at once', () => {
    expect(refusal({ 'node.id': 'x', 'num.partitions': '0' })).toEqual([
      's.properties line 2: node.id=x: must be a whole number',
      's.properties line 9: num.partitions=0: must be at least 1',
    ]);
  });

  test('any value is read or refused with key and line', () => {
    const keys = Object.keys(PROPERTY_TABLE);
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.string({ maxLength: 12 }), (key, value) => {
        if (/[\\\n\r]/.test(value)) return;
        for (const line of refusal({ [key]: value }))
          expect(line).toMatch(/^s\.properties( line \d+)?: [a-z.]+=?/);
      }),
    );
  });
});
