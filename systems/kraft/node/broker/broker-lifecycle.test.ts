/** Brokers that come and go, against real controllers in the simulator. */
import { describe, expect, test } from 'vitest';
import type { Brokers } from './testing/broker-cluster.ts';
import { withBrokers } from './testing/broker-cluster.ts';

const FILE = '.kafka_cleanshutdown';

const leaderOf = (rig: Brokers, observer: number, topic: string): number | undefined =>
  rig.broker(observer).metadata.image.topicByName(topic)?.partitions.get(0)?.leader;

const isrOf = (rig: Brokers, observer: number, topic: string): readonly number[] =>
  [...(rig.broker(observer).metadata.image.topicByName(topic)?.partitions.get(0)?.isr ?? [])].sort();

const closed = (): Promise<void> => Promise.resolve();

async function createOn(rig: Brokers, topic: string, replicas: number): Promise<void> {
  expect(await rig.createTopic(4, topic, 1, replicas)).toBe(0);
  await rig.until(() =>
    rig.allBrokers.every(({ metadata }) => metadata.image.topicByName(topic) !== undefined),
  );
}

describe('a broker that starts', () => {
  test('registers, catches up, and is unfenced', async () => {
    await withBrokers({}, async (rig) => {
      expect(rig.broker(4).lifecycle.state).toBe('starting');
      await rig.allRunning();
      for (const { metadata, lifecycle, changes } of rig.allBrokers) {
        expect(metadata.brokerEpoch).toBe(lifecycle.brokerEpoch);
        expect(metadata.isCaughtUp).toBe(true);
        expect(changes[0]).toMatchObject({ brokersChanged: true, configs: null });
      }
      const { image } = rig.broker(4).metadata;
      const fences = [...image.brokers.values()].map(({ id, fenced }) => [id, fenced]);
      expect(fences.sort()).toEqual([
        [4, false],
        [5, false],
        [6, false],
      ]);
      expect(image.brokers.get(4)).toMatchObject({
        incarnationId: rig.broker(4).lifecycle.incarnationId,
        endPoints: [{ name: 'PLAINTEXT', host: 'n4', port: 9092 }],
        logDirs: [rig.broker(4).settings.directoryId],
      });
    });
  });

  test('stays fenced until it is ready', async () => {
    let isReady = false;
    await withBrokers({ brokers: 1, isReady: () => isReady }, async (rig) => {
      await rig.until(() => rig.broker(4).lifecycle.state === 'recovery');
      await rig.sleep(3000);
      expect(rig.broker(4).lifecycle.isFenced).toBe(true);
      isReady = true;
      rig.broker(4).lifecycle.readyChanged();
      await rig.sleep(100);
      expect(rig.broker(4).lifecycle).toMatchObject({ state: 'running', isFenced: false });
    });
  });

  test('without a controller goes on asking for one', async () => {
    await withBrokers({ brokers: 1 }, async (rig) => {
      for (const id of [1, 2, 3]) await rig.cluster.cut('n4', `n${id}`);
      await rig.sleep(120_000);
      expect(rig.broker(4).lifecycle.state).toBe('starting');
      expect(rig.cluster.crashes).toEqual([]);
      for (const id of [1, 2, 3]) await rig.cluster.heal('n4', `n${id}`);
      await rig.allRunning();
    });
  });

  test('after a kill waits until its last session ended, and is in no ISR until it has proved itself', async () => {
    await withBrokers({}, async (rig) => {
      await rig.allRunning();
      await createOn(rig, 'orders', 3);
      const before = rig.broker(6).lifecycle.brokerEpoch;
      await rig.cluster.kill('n6');
      await rig.cluster.restart('n6');
      await rig.until(() => rig.broker(6).lifecycle.state === 'running');
      expect(rig.broker(6).lifecycle.brokerEpoch).toBeGreaterThan(before);
      await rig.sleep(100);
      expect(isrOf(rig, 4, 'orders')).toEqual([4, 5]);
      const { changes, metadata } = rig.broker(6);
      expect(changes[0]?.offset).toBeGreaterThanOrEqual(metadata.brokerEpoch);
    });
  });

  test('of another cluster stops', async () => {
    await withBrokers(
      { brokers: 1, clusterOf: (id) => (id === 4 ? 'AnotherClusterAltogether' : null) },
      async (rig) => {
        await rig.until(() => rig.cluster.crashes.length > 0);
        expect(rig.cluster.crashes).toMatchObject([
          { node: 'n4', message: expect.stringContaining('another cluster than AnotherCluster') as string },
        ]);
      },
    );
  });

  test('whose id another process keeps stops in the end', async () => {
    // Two nodes say that they are broker 4.
    await withBrokers({ brokers: 2, nodeIdOf: () => 4 }, async (rig) => {
      await rig.until(() => rig.cluster.crashes.length > 0);
      expect(rig.cluster.crashes).toMatchObject([
        { message: expect.stringContaining('another process is broker 4') as string },
      ]);
      expect(rig.cluster.crashes[0]?.time).toBeGreaterThan(60e9);
    });
  });
});

describe('a broker that runs', () => {
  test('is fenced when it is silent for a session, and unfenced when it is heard again', async () => {
    await withBrokers({}, async (rig) => {
      await rig.allRunning();
      await createOn(rig, 'orders', 2);
      const leader = leaderOf(rig, 4, 'orders') as number;
      const other = [4, 5, 6].find((id) => id !== leader) as number;
      await rig.cluster.pause(`n${leader}`);
      await rig.until(() => rig.broker(other).metadata.image.brokers.get(leader)?.fenced === true);
      await rig.until(() => leaderOf(rig, other, 'orders') !== leader);
      await rig.cluster.resume(`n${leader}`);
      await rig.until(() => rig.broker(other).metadata.image.brokers.get(leader)?.fenced === false);
      await rig.allRunning();
    });
  });

  test('goes on with the next controller', async () => {
    await withBrokers({}, async (rig) => {
      await rig.allRunning();
      const epochs = rig.allBrokers.map(({ lifecycle }) => lifecycle.brokerEpoch);
      rig.quorum.elect(2);
      await rig.sleep(1000);
      await rig.cluster.pause('n2');
      rig.quorum.elect(3);
      await rig.sleep(10_000);
      expect(rig.allBrokers.map(({ lifecycle }) => lifecycle.brokerEpoch)).toEqual(epochs);
      expect([...rig.broker(4).metadata.image.brokers.values()].some(({ fenced }) => fenced)).toBe(false);
      await createOn(rig, 'orders', 3);
    });
  });

  test('registers again when it was unregistered', async () => {
    await withBrokers({}, async (rig) => {
      await rig.allRunning();
      const before = rig.broker(5).lifecycle.brokerEpoch;
      await rig.ask(4, 'unregisterBroker', 0, { brokerId: 5 });
      await rig.until(() => rig.broker(5).lifecycle.brokerEpoch > before);
      await rig.allRunning();
      expect(rig.broker(5).metadata.brokerEpoch).toBe(rig.broker(5).lifecycle.brokerEpoch);
      expect(rig.broker(4).metadata.image.brokers.get(5)).toMatchObject({ fenced: false });
    });
  });
});

describe('a broker that stops in good order', () => {
  test('hands over what it leads, and stays clean', async () => {
    await withBrokers({}, async (rig) => {
      await rig.allRunning();
      await createOn(rig, 'orders', 3);
      const leader = leaderOf(rig, 4, 'orders') as number;
      const other = [4, 5, 6].find((id) => id !== leader) as number;
      const { lifecycle, runtime } = rig.broker(leader);
      const states: string[] = [];
      const stopped = lifecycle.shutdown(() => {
        states.push(lifecycle.state);
        return closed();
      });
      await rig.sleep(1);
      states.push(lifecycle.state);
      await stopped;
      expect(states).toEqual(['pending-controlled-shutdown', 'shutting-down']);
      expect(leaderOf(rig, other, 'orders')).not.toBe(leader);
      expect(rig.broker(other).metadata.image.brokers.get(leader)).toMatchObject({
        inControlledShutdown: true,
      });
      const left = new TextDecoder().decode(await runtime.files.readAll(FILE));
      expect(JSON.parse(left)).toEqual({ version: 0, brokerEpoch: lifecycle.brokerEpoch });
      const before = lifecycle.brokerEpoch;
      await rig.cluster.kill(`n${leader}`);
      await rig.cluster.restart(`n${leader}`);
      // Nobody waits for a session: the broker had said that it goes.
      await rig.sleep(500);
      expect(rig.broker(leader).lifecycle.state).toBe('running');
      expect(rig.broker(leader).lifecycle.brokerEpoch).toBeGreaterThan(before);
      expect(await rig.broker(leader).runtime.files.exists(FILE)).toBe(false);
    });
  });

  test('leads again what only it had, as it stopped clean; and not after a kill', async () => {
    await withBrokers({ properties: { 'unclean.leader.election.enable': false } }, async (rig) => {
      await rig.allRunning();
      await createOn(rig, 'orders', 1);
      const leader = leaderOf(rig, 4, 'orders') as number;
      const other = [4, 5, 6].find((id) => id !== leader) as number;
      await rig.broker(leader).lifecycle.shutdown(closed);
      await rig.cluster.kill(`n${leader}`);
      await rig.until(() => leaderOf(rig, other, 'orders') === -1);
      await rig.cluster.restart(`n${leader}`);
      await rig.until(() => leaderOf(rig, other, 'orders') === leader);
    });
  });

  test('stops in bounded time without a controller', async () => {
    await withBrokers({ brokers: 1 }, async (rig) => {
      await rig.allRunning();
      for (const id of [1, 2, 3]) await rig.cluster.cut('n4', `n${id}`);
      const begin = rig.cluster.clock.now();
      await rig.broker(4).lifecycle.shutdown(closed);
      expect(Math.round((rig.cluster.clock.now() - begin) / 1e9)).toBe(30);
      expect(await rig.broker(4).runtime.files.exists(FILE)).toBe(true);
    });
  });

  test('asks nobody where that is not wanted', async () => {
    await withBrokers({ brokers: 1, properties: { 'controlled.shutdown.enable': false } }, async (rig) => {
      await rig.allRunning();
      const begin = rig.cluster.clock.now();
      const { lifecycle } = rig.broker(4);
      await Promise.all([lifecycle.shutdown(closed), lifecycle.shutdown(closed)]);
      expect((rig.cluster.clock.now() - begin) / 1e6).toBeLessThan(20);
      expect(lifecycle.state).toBe('shutting-down');
    });
  });

  test('leaves no proof where its logs could not be closed', async () => {
    await withBrokers({ brokers: 1 }, async (rig) => {
      await rig.allRunning();
      const { lifecycle, runtime } = rig.broker(4);
      const failing = (): Promise<void> => Promise.reject(new Error('the disk is full'));
      await expect(lifecycle.shutdown(failing)).rejects.toThrow('the disk is full');
      expect(await runtime.files.exists(FILE)).toBe(false);
    });
  });

  test('that never registered keeps the proof that it had', async () => {
    await withBrokers({ brokers: 1 }, async (rig) => {
      await rig.allRunning();
      const { lifecycle } = rig.broker(4);
      await lifecycle.shutdown(closed);
      await rig.cluster.kill('n4');
      for (const id of [1, 2, 3]) await rig.cluster.cut('n4', `n${id}`);
      await rig.cluster.restart('n4');
      await rig.sleep(100);
      expect(rig.broker(4).lifecycle.state).toBe('starting');
      await rig.broker(4).lifecycle.shutdown(closed);
      const left = new TextDecoder().decode(await rig.broker(4).runtime.files.readAll(FILE));
      expect(JSON.parse(left)).toEqual({ version: 0, brokerEpoch: lifecycle.brokerEpoch });
    });
  });
});

test('the same seed gives the same events', async () => {
  const hash = async (seed: number): Promise<string> => {
    let result = '';
    await withBrokers({ seed }, async (rig) => {
      await rig.allRunning();
      await createOn(rig, 'orders', 3);
      result = rig.cluster.eventHash;
    });
    return result;
  };
  expect(await hash(3)).toBe(await hash(3));
  expect(await hash(3)).not.toBe(await hash(4));
});
