/** What the commands print and read, without a broker. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Record as LogRecord } from '../records/record.ts';
import { ZERO_UUID } from '../wire/bytes.ts';
import {
  formatRecord,
  formatterProperties,
  LineError,
  lineParser,
  readerProperties,
} from './console-lines.ts';
import { memberTable, offsetTable } from './group-tables.ts';
import { commandName, unknownName } from './names.ts';
import { murmur2, Partitioner } from './partitioner.ts';
import { describeReplication, describeStatus } from './quorum-description.ts';
import type { QuorumFacts, ReplicaFacts } from './quorum-description.ts';
import { fromRuntime, logLine } from './server-log.ts';
import { isWanted, partitionLine, topicLine } from './topic-description.ts';
import type { PartitionFacts } from './topic-description.ts';
import { matchTopics } from './topic-names.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | null): string | null =>
  value === null ? null : new TextDecoder().decode(value);

describe('names', () => {
  test.each([
    ['kafka-topics.sh', 'topics'],
    ['topics.sh', 'topics'],
    ['kafka-console-consumer', 'console-consumer'],
    ['kafka-server-start.bat', 'server-start'],
    ['topics', 'topics'],
  ])('%s is %s', (typed, name) => {
    expect(commandName(typed)).toBe(name);
  });

  test('far from everything, all are named', () => {
    expect(unknownName('command', ['topics', 'storage'], 'zzzzzzzzzz').message).toBe(
      'unknown command "zzzzzzzzzz": known are topics, storage',
    );
  });

  test('a topic that is there is that topic; else it is a pattern', () => {
    const names = ['a.b', 'axb', 'orders', 'orders-eu'];
    expect(matchTopics(names, 'a.b')).toEqual(['a.b']);
    expect(matchTopics(names, 'a.c')).toEqual([]);
    expect(matchTopics(names, 'orders.*')).toEqual(['orders', 'orders-eu']);
    expect(matchTopics(names, 'orders, axb'.replace(' ', ''))).toEqual(['axb', 'orders']);
    expect(() => matchTopics(names, '(')).toThrow(/neither a name nor a pattern/);
  });
});

describe('partitions of records', () => {
  test('murmur2 as kafkajs has it, for any bytes', () => {
    const require = createRequire(import.meta.url);
    const theirs = require('kafkajs/src/producer/partitioners/default/murmur2') as (key: Buffer) => number;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (key) => {
        expect(murmur2(key)).toBe(theirs(Buffer.from(key)));
      }),
    );
  });

  test('a key stays where it is; without one each batch has the next', () => {
    const partitioner = new Partitioner(3, 7);
    const place = partitioner.of(bytes('k'));
    expect([partitioner.of(null), partitioner.of(null)]).toEqual([1, 1]);
    partitioner.nextBatch();
    partitioner.nextBatch();
    expect(partitioner.of(null)).toBe(0);
    expect(partitioner.of(bytes('k'))).toBe(place);
  });
});

describe('lines to records', () => {
  const parse = (line: string, properties: Record<string, string>) => {
    const { key, value, headers } = lineParser(readerProperties(new Map(Object.entries(properties))))(line);
    return [text(key), text(value), headers.map((header) => [header.key, text(header.value)])];
  };

  test.each([
    ['plain', {}, [null, 'plain', []]],
    ['k\tv\tw', { 'parse.key': 'true' }, ['k', 'v\tw', []]],
    ['k:v', { 'parse.key': 'true', 'key.separator': ':' }, ['k', 'v', []]],
    [
      'a:1,b:2\tk\tv',
      { 'parse.key': 'true', 'parse.headers': 'true' },
      [
        'k',
        'v',
        [
          ['a', '1'],
          ['b', '2'],
        ],
      ],
    ],
    ['NIL:NIL', { 'parse.key': 'true', 'key.separator': ':', 'null.marker': 'NIL' }, [null, null, []]],
    ['v', { 'parse.key': 'true', 'ignore.error': 'true' }, [null, 'v', []]],
    ['', {}, [null, '', []]],
  ])('%j with %j', (line, properties, expected) => {
    expect(parse(line, properties)).toEqual(expected);
  });

  test('a line without its separator is an error', () => {
    expect(() => parse('v', { 'parse.key': 'true' })).toThrow(LineError);
    expect(() => parse('a\tv', { 'parse.headers': 'true' })).toThrow(/No header key separator found in "a"/);
  });
});

describe('records to lines', () => {
  const record: LogRecord = {
    offset: 5,
    timestampMs: 1_700_000_000_000,
    timestampType: 'create-time',
    key: bytes('k'),
    value: null,
    headers: [{ key: 'h', value: bytes('1') }],
  };
  const format = (properties: Record<string, string>, given: Partial<LogRecord> = {}): string | null =>
    text(formatRecord({ ...record, ...given }, 2, formatterProperties(new Map(Object.entries(properties)))));

  test('what is asked for, in Kafka’s order', () => {
    expect(format({})).toBe('null\n');
    const all = ['timestamp', 'partition', 'offset', 'headers', 'key', 'value'].map((name) => [
      `print.${name}`,
      'true',
    ]);
    expect(format(Object.fromEntries(all) as Record<string, string>)).toBe(
      'CreateTime:1700000000000\tPartition:2\tOffset:5\th:1\tk\tnull\n',
    );
    expect(format({ 'print.key': 'true', 'print.value': 'false', 'line.separator': ';' })).toBe('k;');
    expect(format({ 'print.headers': 'true', 'key.separator': '|' }, { headers: [] })).toBe(
      'NO_HEADERS|null\n',
    );
    expect(format({ 'print.timestamp': 'true' }, { timestampType: 'log-append-time' })).toBe(
      'LogAppendTime:1700000000000\tnull\n',
    );
    expect(format({ 'print.timestamp': 'true' }, { timestampMs: -1 })).toBe('NO_TIMESTAMP\tnull\n');
  });
});

describe('tables', () => {
  const partition: PartitionFacts = {
    partition: 0,
    leader: 1,
    replicas: [1, 2, 3],
    isr: [1, 2],
    elr: [],
    lastKnownElr: [],
    reassignment: null,
  };

  test('a topic, with and without what not all have', () => {
    const topic = {
      name: 't',
      topicId: ZERO_UUID,
      partitions: [partition],
      configs: [{ name: 'a', value: 'b' }],
    };
    expect(topicLine(topic)).toBe('Topic: t\tPartitionCount: 1\tReplicationFactor: 3\tConfigs: a=b');
    const moving = { ...partition, reassignment: { adding: [3], removing: [1] } };
    expect(topicLine({ ...topic, partitions: [moving], configs: [] })).toBe(
      'Topic: t\tPartitionCount: 1\tReplicationFactor: 2\tConfigs: ',
    );
    expect(partitionLine('t', { ...moving, leader: -1, elr: null, lastKnownElr: null })).toBe(
      '\tTopic: t\tPartition: 0\tLeader: none\tReplicas: 1,2,3\tIsr: 1,2' +
        '\tAdding Replicas: 3\tRemoving Replicas: 1\tElr: N/A\tLastKnownElr: N/A',
    );
  });

  test('what --describe is narrowed to', () => {
    const none = { underReplicated: false, unavailable: false, underMinIsr: false, atMinIsr: false };
    const live = new Set([1, 2]);
    expect(isWanted(partition, 2, live, { ...none, underReplicated: true })).toBe(true);
    expect(isWanted({ ...partition, isr: [1, 2, 3] }, 2, live, { ...none, underReplicated: true })).toBe(
      false,
    );
    expect(isWanted(partition, 2, live, { ...none, atMinIsr: true })).toBe(true);
    expect(isWanted(partition, 2, live, { ...none, underMinIsr: true })).toBe(false);
    expect(isWanted(partition, 3, live, { ...none, underMinIsr: true })).toBe(true);
    expect(isWanted({ ...partition, leader: 3 }, 2, live, { ...none, unavailable: true })).toBe(true);
    expect(isWanted(partition, 2, live, { ...none, unavailable: true })).toBe(false);
  });

  test('the quorum', () => {
    const replica = (replicaId: number, logEndOffset: number, time: number): ReplicaFacts => ({
      replicaId,
      replicaDirectoryId: replicaId === 1 ? 'SQAs5vVvSZmIs3mTVZqLqw' : ZERO_UUID,
      logEndOffset,
      lastFetchTimestamp: time,
      lastCaughtUpTimestamp: time,
    });
    const quorum: QuorumFacts = {
      leaderId: 1,
      leaderEpoch: 4,
      highWatermark: 90,
      voters: [replica(1, 100, 5_000), replica(2, 90, 4_000), replica(3, 95, -1)],
      observers: [replica(7, 80, 3_000)],
      endpoints: new Map([[1, ['CONTROLLER://h:9093']]]),
    };
    expect(describeStatus('C', quorum)).toEqual([
      'ClusterId:              C',
      'LeaderId:               1',
      'LeaderEpoch:            4',
      'HighWatermark:          90',
      'MaxFollowerLag:         10',
      'MaxFollowerLagTimeMs:   1000',
      'CurrentVoters:          [{"id": 1, "directoryId": "SQAs5vVvSZmIs3mTVZqLqw", "endpoints": ["CONTROLLER://h:9093"]}, {"id": 2, "directoryId": null}, {"id": 3, "directoryId": null}]',
      'CurrentObservers:       [{"id": 7, "directoryId": null}]',
    ]);
    const rows = describeReplication(quorum, 6_000).map((line) =>
      line.split('\t').map((cell) => cell.trim()),
    );
    expect(rows[0]).toEqual([
      ...[
        'NodeId',
        'DirectoryId',
        'LogEndOffset',
        'Lag',
        'LastFetchTimestamp',
        'LastCaughtUpTimestamp',
        'Status',
      ],
      '',
    ]);
    expect(rows.slice(1).map((row) => [row[0], row[3], row[4], row[6]])).toEqual([
      ['1', '0', '1000 ms ago', 'Leader'],
      ['2', '10', '2000 ms ago', 'Follower'],
      ['3', '5', '-1', 'Follower'],
      ['7', '20', '3000 ms ago', 'Observer'],
    ]);
  });

  test('groups: columns grow with what is in them', () => {
    const member = {
      memberId: 'kraft-cli-0123456789',
      instanceId: null,
      host: '/127.0.0.1',
      clientId: 'kraft-cli',
      assignment: 't:0',
      partitionCount: 1,
    };
    const row = { group: 'g', topic: 't', partition: 0, offset: 3, leaderEpoch: null, end: 5, member };
    expect(offsetTable([row], false)).toEqual([
      'GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID          HOST            CLIENT-ID',
      'g               t               0          3               5               2               kraft-cli-0123456789 /127.0.0.1      kraft-cli',
    ]);
    expect(memberTable('g', [member], true)[1]).toBe(
      'g               kraft-cli-0123456789 /127.0.0.1      kraft-cli       1               -               t:0                  -               -',
    );
    expect(memberTable('g', [{ ...member, instanceId: 'i' }], false)[0]).toContain('GROUP-INSTANCE-ID');
  });
});

test('lines of a server’s log', () => {
  expect(logLine(new Date(2026, 10, 28, 8, 5, 9, 7), 'warn', 'slow')).toBe(
    '[2026-11-28 08:05:09,007] WARN slow',
  );
  expect(fromRuntime('3.250000000 info  became leader {"term":4}')).toEqual({
    level: 'info',
    message: 'became leader {"term":4}',
  });
  expect(fromRuntime('no line of ours')).toEqual({ level: 'info', message: 'no line of ours' });
});
