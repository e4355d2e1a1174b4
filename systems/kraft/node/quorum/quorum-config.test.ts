/** What `server.properties` says to the quorum, and when it takes snapshots. */
import { describe, expect, test } from 'vitest';
import { readServerProperties } from '../properties.ts';
import type { PropertyValues } from '../property-table.ts';
import { bootstrapOf, controllerListenersOf, optionsOf, staticVotersOf } from './quorum-config.ts';
import { SnapshotTaker } from './snapshot-taker.ts';

const LINES: Readonly<Record<string, string>> = {
  'process.roles': 'controller',
  'node.id': '2',
  'controller.quorum.voters': '1@h1:9093,2@h2:9094',
  listeners: 'CTL://:9094',
  'controller.listener.names': 'CTL',
  'listener.security.protocol.map': 'CTL:PLAINTEXT',
  'log.dirs': '/data',
};

function read(changes: Readonly<Record<string, string | number>> = {}): PropertyValues {
  const lines = Object.entries({ ...LINES, ...changes }).map(([key, value]) => `${key}=${value}`);
  return readServerProperties(lines.join('\n'), 's.properties').values;
}

describe('the quorum of server.properties', () => {
  test('static voters have the first controller listener', () => {
    expect(staticVotersOf(read())).toEqual([
      { voterId: 1, voterDirectoryId: null, listeners: [{ name: 'CTL', host: 'h1', port: 9093 }] },
      { voterId: 2, voterDirectoryId: null, listeners: [{ name: 'CTL', host: 'h2', port: 9094 }] },
    ]);
    expect(controllerListenersOf(read(), 2, 'here')).toEqual([{ name: 'CTL', host: 'h2', port: 9094 }]);
  });

  test('without them the listeners count, and the servers to ask', () => {
    const dynamic = read({
      'controller.quorum.voters': '',
      'controller.quorum.bootstrap.servers': 'h1:9093,h2:9094',
    });
    expect(staticVotersOf(dynamic)).toEqual([]);
    expect(controllerListenersOf(dynamic, 2, 'here')).toEqual([{ name: 'CTL', host: 'here', port: 9094 }]);
    expect([...bootstrapOf(dynamic)]).toEqual([
      [-2, { host: 'h1', port: 9093 }],
      [-3, { host: 'h2', port: 9094 }],
    ]);
  });

  test('an idle fetch is held for less than its sender waits', () => {
    expect(optionsOf(read())).toMatchObject({ electionTimeoutMs: 1000, fetchMaxWaitMs: 500 });
    const quick = optionsOf(read({ 'controller.quorum.fetch.timeout.ms': 300 }));
    expect(quick).toMatchObject({ fetchTimeoutMs: 300, fetchMaxWaitMs: 150 });
  });
});

describe('a snapshot is due', () => {
  const taker = (bytes: number, intervalMs: number): SnapshotTaker =>
    new SnapshotTaker(
      read({
        'metadata.log.max.record.bytes.between.snapshots': bytes,
        'metadata.log.max.snapshot.interval.ms': intervalMs,
      }),
      0,
      10,
    );

  test('after so many bytes, one at a time', () => {
    const snapshots = taker(100, 0);
    snapshots.grew(99);
    expect(snapshots.isDue(20, 1e9)).toBe(false);
    snapshots.grew(1);
    expect(snapshots.isDue(20, 1e9)).toBe(true);
    expect(snapshots.began(20, 1e9)).toBe(10);
    snapshots.grew(100);
    expect(snapshots.isDue(30, 1e9)).toBe(false);
    snapshots.ended();
    expect(snapshots.isDue(30, 1e9)).toBe(true);
    expect(snapshots.began(30, 1e9)).toBe(20);
  });

  test('after so much time, if there is anything new', () => {
    const snapshots = taker(1e9, 1000);
    expect(snapshots.isDue(20, 999)).toBe(false);
    expect(snapshots.isDue(10, 1000)).toBe(false);
    expect(snapshots.isDue(20, 1000)).toBe(true);
    snapshots.tookOver(20, 1000);
    expect(snapshots.isDue(30, 1999)).toBe(false);
  });
});
