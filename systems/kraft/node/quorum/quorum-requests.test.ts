/** The quorum's requests over the simulated network: what operators ask, and what nobody should. */
import { describe, expect, test } from 'vitest';
import { sToNs } from '../../../../harness/units.ts';
import type { ApiName, RequestInputBody } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { ZERO_UUID } from '../../wire/uuid.ts';
import type { ReceivedBody } from '../network/node-client.ts';
import { NodeClient } from '../network/node-client.ts';
import { answerOf, inSim, send } from '../testing/in-sim.ts';
import type { ShakenQuorum } from './testing/quorum-program.ts';
import {
  activeOf,
  CLUSTER_ID,
  CONTROLLER_PORT,
  directoryIdOf,
  nameOf,
  quorumCluster,
  recordOf,
} from './testing/quorum-program.ts';

type Setup = Parameters<typeof quorumCluster>[0];

async function inQuorum(setup: Setup, body: (quorum: ShakenQuorum) => Promise<void>): Promise<void> {
  const quorum = quorumCluster(setup);
  await inSim(quorum.sim, () => body(quorum));
  expect([quorum.sim.crashes, quorum.sim.invariantViolations]).toEqual([[], []]);
}

/** Asks a controller from the last node, which observes. */
async function ask<N extends ApiName>(
  { heard }: ShakenQuorum,
  node: string,
  name: N,
  version: number,
  body: RequestInputBody<N>,
): Promise<ReceivedBody<N>> {
  const runtime = [...heard.values()].at(-1)?.runtime;
  if (runtime === undefined || runtime === null) throw new Error('no node runs');
  const client = new NodeClient(runtime, { clientId: 'operator' });
  const outcome = await send(client, { host: node, port: CONTROLLER_PORT }, name, version, body, 5000);
  client.close();
  return answerOf(outcome);
}

const topicName = '__cluster_metadata';
const ABOUT = { topics: [{ topicName, partitions: [{ partitionIndex: 0 }] }] };

describe('DescribeQuorum', () => {
  test('the leader tells how far everybody is, in wall times', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      const { driver, runtime } = quorum.heard.get(active) ?? {};
      driver?.append([recordOf('a', '1')]);
      await quorum.sim.clock.sleep(sToNs(2));
      const { errorCode, topics, nodes } = await ask(quorum, active, 'describeQuorum', 2, ABOUT);
      const partition = topics[0]?.partitions[0];
      expect(errorCode).toBe(0);
      expect(partition).toMatchObject({ errorCode: 0, leaderId: Number(active.slice(1)), highWatermark: 2 });
      const { currentVoters = [], observers = [] } = partition ?? {};
      expect(currentVoters.map(({ replicaId }) => replicaId)).toEqual([1, 2, 3]);
      expect(observers.map(({ replicaId }) => replicaId)).toEqual([4]);
      const wallMs = runtime?.wallMs() ?? 0;
      for (const { logEndOffset, lastFetchTimestamp, lastCaughtUpTimestamp } of [
        ...currentVoters,
        ...observers,
      ]) {
        expect(logEndOffset).toBe(2);
        for (const time of [lastFetchTimestamp, lastCaughtUpTimestamp]) {
          expect(wallMs - time).toBeGreaterThanOrEqual(-1);
          expect(wallMs - time).toBeLessThan(1000);
        }
      }
      expect(nodes[0]?.listeners).toEqual([{ name: 'CONTROLLER', host: 'n1', port: CONTROLLER_PORT }]);
    });
  });

  test('others say who leads; another topic is unknown', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      await quorum.sim.clock.sleep(sToNs(1));
      const other = quorum.voters.find((node) => node !== active) as string;
      const { topics } = await ask(quorum, other, 'describeQuorum', 2, ABOUT);
      expect(topics[0]?.partitions[0]).toMatchObject({
        errorCode: ERROR.NOT_LEADER_OR_FOLLOWER,
        leaderId: Number(active.slice(1)),
      });
      const wrong = { topics: [{ topicName: 'orders', partitions: [{ partitionIndex: 3 }] }] };
      const refused = await ask(quorum, active, 'describeQuorum', 1, wrong);
      expect(refused.topics[0]?.partitions[0]).toMatchObject({
        partitionIndex: 3,
        errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION,
      });
    });
  });
});

describe('requests of members that are none', () => {
  const vote = (clusterId: string | null, changes: object = {}): RequestInputBody<'vote'> => ({
    clusterId,
    voterId: 1,
    topics: [
      {
        topicName,
        partitions: [
          {
            partitionIndex: 0,
            replicaEpoch: 0,
            replicaId: 2,
            lastOffsetEpoch: 0,
            lastOffset: 0,
            ...changes,
          },
        ],
      },
    ],
  });

  test('another cluster, another topic, nonsense', async () => {
    await inQuorum({}, async (quorum) => {
      await activeOf(quorum);
      await quorum.sim.clock.sleep(sToNs(1));
      const other = await ask(quorum, 'n1', 'vote', 2, vote('another'));
      expect(other.errorCode).toBe(ERROR.INCONSISTENT_CLUSTER_ID);
      // Version 0 names neither cluster nor voter.
      const old = await ask(quorum, 'n1', 'vote', 0, vote(null));
      expect(old.topics[0]?.partitions[0]).toMatchObject({ errorCode: ERROR.INVALID_REQUEST });
      const fenced = await ask(quorum, 'n1', 'vote', 2, vote(CLUSTER_ID, { lastOffsetEpoch: -1 }));
      expect(fenced.topics[0]?.partitions[0]).toMatchObject({ errorCode: ERROR.INVALID_REQUEST });
      const empty = await ask(quorum, 'n1', 'vote', 2, { clusterId: CLUSTER_ID, topics: [] });
      expect(empty.errorCode).toBe(ERROR.INVALID_REQUEST);
      const begin = await ask(quorum, 'n1', 'beginQuorumEpoch', 1, {
        clusterId: CLUSTER_ID,
        topics: [{ topicName, partitions: [{ partitionIndex: 1, leaderId: 2, leaderEpoch: 9 }] }],
      });
      expect(begin.errorCode).toBe(ERROR.INVALID_REQUEST);
    });
  });

  test('a fetch by name, one of another topic, and one of an epoch that is over', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      const partition = {
        partition: 0,
        currentLeaderEpoch: 0,
        fetchOffset: 0,
        lastFetchedEpoch: 0,
        partitionMaxBytes: 1000,
      };
      const base = { clusterId: CLUSTER_ID, replicaId: 9, maxWaitMs: 0, minBytes: 0 };
      const named = await ask(quorum, active, 'fetch', 12, {
        ...base,
        topics: [{ topic: topicName, partitions: [partition] }],
      });
      expect(named.responses[0]?.partitions[0]).toMatchObject({
        errorCode: ERROR.FENCED_LEADER_EPOCH,
        currentLeader: { leaderId: Number(active.slice(1)), leaderEpoch: 1 },
      });
      const other = await ask(quorum, active, 'fetch', 12, {
        ...base,
        topics: [{ topic: 'orders', partitions: [partition] }],
      });
      expect(other.errorCode).toBe(ERROR.INVALID_REQUEST);
    });
  });

  test('voters that are static do not change', async () => {
    await inQuorum({}, async (quorum) => {
      const active = await activeOf(quorum);
      const added = await ask(quorum, active, 'addRaftVoter', 0, {
        clusterId: CLUSTER_ID,
        timeoutMs: 100,
        voterId: 4,
        voterDirectoryId: directoryIdOf(4),
        listeners: [{ name: 'CONTROLLER', host: 'n4', port: CONTROLLER_PORT }],
      });
      expect(added.errorCode).toBe(ERROR.UNSUPPORTED_VERSION);
      const unreachable = await ask(quorum, active, 'addRaftVoter', 0, {
        clusterId: CLUSTER_ID,
        timeoutMs: 100,
        voterId: 4,
        voterDirectoryId: directoryIdOf(4),
        listeners: [],
      });
      expect(unreachable.errorCode).toBe(ERROR.INVALID_REQUEST);
      const removed = await ask(quorum, active, 'removeRaftVoter', 0, {
        clusterId: null,
        voterId: 3,
        voterDirectoryId: ZERO_UUID,
      });
      expect(removed.errorCode).toBe(ERROR.UNSUPPORTED_VERSION);
      const updated = await ask(quorum, active, 'updateRaftVoter', 0, {
        clusterId: CLUSTER_ID,
        currentLeaderEpoch: 0,
        voterId: 3,
        voterDirectoryId: ZERO_UUID,
        listeners: [],
        kraftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
      });
      expect(updated).toMatchObject({
        errorCode: ERROR.FENCED_LEADER_EPOCH,
        currentLeader: { host: active, port: CONTROLLER_PORT },
      });
    });
  });
});

describe('voters in the log', () => {
  test('a cluster that was formatted with one adds two, loses the first, and goes on', async () => {
    const properties = {
      'controller.quorum.voters': '',
      'controller.quorum.bootstrap.servers': `n1:${CONTROLLER_PORT}`,
    };
    await inQuorum({ voters: 3, observers: 1, properties, formatted: [1] }, async (quorum) => {
      const { sim, heard } = quorum;
      expect(await activeOf(quorum)).toBe('n1');
      heard.get('n1')?.driver?.append([recordOf('a', '1')]);
      await sim.clock.sleep(sToNs(2));
      for (const voterId of [2, 3]) {
        const node = nameOf(voterId);
        const { errorCode, errorMessage } = await ask(quorum, 'n1', 'addRaftVoter', 0, {
          clusterId: CLUSTER_ID,
          timeoutMs: 3000,
          voterId,
          voterDirectoryId: directoryIdOf(voterId),
          listeners: [{ name: 'CONTROLLER', host: node, port: CONTROLLER_PORT }],
        });
        expect([errorCode, errorMessage]).toEqual([0, null]);
      }
      const { errorCode } = await ask(quorum, 'n1', 'removeRaftVoter', 0, {
        clusterId: CLUSTER_ID,
        voterId: 1,
        voterDirectoryId: directoryIdOf(1),
      });
      expect(errorCode).toBe(0);
      await sim.clock.sleep(sToNs(5));
      expect(heard.get('n1')?.acting).toBeNull();
      const next = await activeOf(quorum);
      expect(['n2', 'n3']).toContain(next);
      heard.get(next)?.driver?.append([recordOf('b', '2')]);
      await sim.kill('n4', { loseUnsynced: true });
      await sim.restart('n4');
      await sim.clock.sleep(sToNs(5));
      for (const [node, { state, driver }] of heard) {
        expect([node, [...state].sort()]).toEqual([
          node,
          [
            ['a', '1'],
            ['b', '2'],
          ],
        ]);
        expect(driver?.status().voters.map(({ voterId }) => voterId)).toEqual([2, 3]);
      }
    });
  });

  const DYNAMIC = {
    'controller.quorum.voters': '',
    'controller.quorum.bootstrap.servers': `n1:${CONTROLLER_PORT},n2:${CONTROLLER_PORT}`,
  };
  const add = (quorum: ShakenQuorum, to: string, voterId: number) =>
    ask(quorum, to, 'addRaftVoter', 0, {
      clusterId: CLUSTER_ID,
      timeoutMs: 3000,
      voterId,
      voterDirectoryId: directoryIdOf(voterId),
      listeners: [{ name: 'CONTROLLER', host: nameOf(voterId), port: CONTROLLER_PORT }],
    });

  test('an observer that was away finds voters that its log does not name, by the servers to ask', async () => {
    await inQuorum({ voters: 2, observers: 2, properties: DYNAMIC, formatted: [1] }, async (quorum) => {
      const { sim, heard } = quorum;
      await activeOf(quorum);
      await sim.clock.sleep(sToNs(2));
      const knownAt = (node: string) => heard.get(node)?.driver?.status();
      expect(knownAt('n3')?.voters.map(({ voterId }) => voterId)).toEqual([1]);
      await sim.kill('n3', { loseUnsynced: false });
      expect((await add(quorum, 'n1', 2)).errorCode).toBe(0);
      const removal = { clusterId: CLUSTER_ID, voterId: 1, voterDirectoryId: directoryIdOf(1) };
      expect((await ask(quorum, 'n1', 'removeRaftVoter', 0, removal)).errorCode).toBe(0);
      await sim.clock.sleep(sToNs(3));
      await sim.kill('n1', { loseUnsynced: false });
      expect(await activeOf(quorum)).toBe('n2');
      await sim.restart('n3');
      await sim.clock.sleep(sToNs(5));
      expect(knownAt('n3')).toMatchObject({ state: 'follower', leaderId: 2 });
    });
  });

  test('a controller that is no voter yet observes, and says so once', async () => {
    await inQuorum({ voters: 3, properties: DYNAMIC, formatted: [1] }, async (quorum) => {
      await activeOf(quorum);
      await quorum.sim.clock.sleep(sToNs(3));
      const told = (node: string) =>
        quorum.sim.logs(node).filter((line) => line.includes('this controller is no voter'));
      expect([told('n1'), told('n2'), told('n4')].map(({ length }) => length)).toEqual([0, 1, 0]);
      expect(told('n2')[0]).toMatch(/it observes, until it is added: kraft metadata-quorum .*add-controller/);
    });
  });

  test('a controller without voters that has nobody but itself to ask does not start', async () => {
    const properties = { ...DYNAMIC, 'controller.quorum.bootstrap.servers': `n1:${CONTROLLER_PORT}` };
    const { sim } = quorumCluster({ voters: 2, observers: 0, properties });
    await inSim(sim, () => sim.clock.sleep(sToNs(1)));
    expect(sim.crashes.map(({ node, message }) => `${node}: ${message}`)).toEqual([
      expect.stringMatching(
        /^n1: .*no voters .*names nobody but this node.*run: kraft storage format --standalone -t shaken-cluster-id-0000 -c/,
      ),
    ]);
  });
});
