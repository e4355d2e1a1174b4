import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { uuidToBytes } from '../wire/bytes.ts';
import type { LogDirFacts } from './meta-properties.ts';
import {
  checkLogDir,
  formatMetaProperties,
  META_PROPERTIES,
  parseMetaProperties,
} from './meta-properties.ts';
import { randomUuid } from './random-uuid.ts';

const random = randomStream(1, 'meta');
const clusterId = randomUuid(random);
const directoryId = randomUuid(random);
const META = { clusterId, nodeId: 1, directoryId };
const TEXT = formatMetaProperties(META);

const facts: LogDirFacts = {
  directory: '/var/kraft/',
  text: TEXT,
  nodeId: 1,
  clusterId: null,
  configFile: 'server.properties',
};

describe('meta.properties', () => {
  test('as Kafka writes it', () => {
    expect(META_PROPERTIES).toBe('meta.properties');
    expect(TEXT).toBe(`version=1\ncluster.id=${clusterId}\nnode.id=1\ndirectory.id=${directoryId}\n`);
    expect(parseMetaProperties(`#\n#Sat Nov 28 06:00:00 UTC 2026\n${TEXT}`, 'm')).toEqual(META);
  });

  test('whatever is written is read again', () => {
    const id = fc.nat().map((seed) => randomUuid(randomStream(seed, 'id')));
    const cluster = fc.oneof(
      id,
      fc.string({ minLength: 1 }).filter((text) => text.trim() === text && text !== ''),
    );
    const meta = fc.record({ clusterId: cluster, nodeId: fc.nat(2 ** 31 - 1), directoryId: id });
    fc.assert(
      fc.property(meta, (each) => {
        expect(parseMetaProperties(formatMetaProperties(each), 'm')).toEqual(each);
      }),
    );
  });

  test.each<[string, string]>([
    ['', 'm: version is missing'],
    ['version=0\n', 'm: version=0: only version 1 is known here'],
    ['version=1\nnode.id=1\n', 'm: cluster.id is missing'],
    ['version=1\ncluster.id=c\n', 'm: node.id is missing'],
    ['version=1\ncluster.id=c\nnode.id=1\n', 'm: directory.id is missing'],
    ['version=1\ncluster.id=c\nnode.id=x\ndirectory.id=d\n', 'm: node.id=x: is no node id'],
    ['version=1\ncluster.id=c\nnode.id=1\ndirectory.id=d\n', 'm: directory.id=d: is no directory id'],
  ])('refused: %j', (text, message) => {
    expect(() => parseMetaProperties(text, 'm')).toThrow(new Error(message).message);
  });

  const refusal = (changes: Partial<LogDirFacts>): string => {
    try {
      checkLogDir({ ...facts, ...changes });
    } catch (error) {
      return (error as Error).message;
    }
    return 'none';
  };

  test('a directory of this node', () => {
    expect(checkLogDir(facts)).toEqual(META);
    expect(checkLogDir({ ...facts, clusterId })).toEqual(META);
  });

  test('one that is not formatted: the command to run', () => {
    expect(refusal({ text: null })).toBe(
      '/var/kraft/ is not formatted; run: kraft storage format -t "$(kraft storage random-uuid)" -c server.properties' +
        ' (with one and the same id for all nodes of the cluster)',
    );
    expect(refusal({ text: null, clusterId: 'MkU3OEVBNTcwNTJENDM2Qg' })).toBe(
      '/var/kraft/ is not formatted; run: kraft storage format -t MkU3OEVBNTcwNTJENDM2Qg -c server.properties',
    );
  });

  test('one of another cluster', () => {
    expect(refusal({ clusterId: 'MkU3OEVBNTcwNTJENDM2Qg' })).toBe(
      `/var/kraft/meta.properties: cluster.id=${clusterId}: the directory is of another cluster than MkU3OEVBNTcwNTJENDM2Qg; ` +
        'name another in log.dirs of server.properties, or move what is there away and format it',
    );
  });

  test('one of another node', () => {
    expect(refusal({ nodeId: 2 })).toBe(
      '/var/kraft/meta.properties: node.id=1: the directory is of another node than node.id=2 of server.properties; ' +
        'correct node.id, or name another directory in log.dirs',
    );
  });
});

describe('random UUIDs', () => {
  test('version 4, never with a dash in front, the same from the same stream', () => {
    const ids = Array.from({ length: 500 }, (_, seed) => randomUuid(randomStream(seed, 'uuid')));
    expect(new Set(ids).size).toBe(500);
    for (const id of ids) {
      const bytes = uuidToBytes(id) as Uint8Array;
      expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
      expect((bytes[6] as number) >> 4).toBe(4);
      expect((bytes[8] as number) >> 6).toBe(2);
    }
    expect(randomUuid(randomStream(7, 'uuid'))).toBe(ids[7]);
  });
});
