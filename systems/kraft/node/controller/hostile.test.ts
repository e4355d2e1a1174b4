/** Requests as no client sends them: whatever comes, the controller answers or ends the connection, and goes on. */
import { expect, test } from 'vitest';
import type { Random } from '../../../../harness/random.ts';
import { randomStream } from '../../../../harness/random.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import type { ApiName, RequestInputBody } from '../../wire/apis.ts';
import { APIS } from '../../wire/apis.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';
import { encodeRequest } from '../../wire/requests.ts';
import type { Api, RequestInput } from '../../wire/schema.ts';
import { CLUSTER_ID, CONTROLLER_PORT } from './testing/asker.ts';
import type { Controllers } from './testing/controllers.ts';
import { withControllers } from './testing/controllers.ts';

const UUID = 'AAAAAAAAAAAAAAAAAAAAQQ';
const INT32S = [-2_147_483_648, -1, 0, 1, 2, 11, 12, 2_147_483_647];
const INT64S = [-1, 0, 1, 3, 4, 5, Number.MAX_SAFE_INTEGER];
const NAMES = ['orders', '', '.', '__proto__', 'a/b', 'x'.repeat(300), '11', '12', 'constructor', '\u0000'];
const CONFIGS = [
  'retention.ms',
  'cleanup.policy',
  'min.insync.replicas',
  '__proto__',
  'replication.protocol',
  '',
];
const VALUES = ['1', 'compact', 'delete', '', 'raft', '-1', '99999999999999999999', null];

/** Bodies that can be read, of values that mostly cannot be meant. */
class Hostile {
  private readonly random: Random;
  constructor(random: Random) {
    this.random = random;
  }
  private readonly int = (): number => this.random.pick(INT32S);
  private readonly long = (): number => this.random.pick(INT64S);
  private readonly small = (): number => this.random.pick([-1, 0, 1, 2, 3, 4, 5, 127]);
  private readonly name = (): string => this.random.pick(NAMES);
  private some<T>(make: () => T): T[] {
    return Array.from({ length: this.random.integer(0, 3) }, make);
  }
  private orNull<T>(value: T): T | null {
    return this.random.chance(0.3) ? null : value;
  }
  private readonly partitions = () => ({ topic: this.name(), partitions: this.some(this.int) });
  private readonly bool = (): boolean => this.random.chance(0.5);

  body(name: ApiName): object {
    const { int, long, small, bool } = this;
    switch (name) {
      case 'createTopics':
        return {
          topics: this.some(() => ({
            name: this.name(),
            numPartitions: this.random.pick([-1, 0, 1, 3, 20_000, 2_147_483_647]),
            replicationFactor: this.random.pick([-1, 0, 1, 2, 32_767]),
            assignments: this.some(() => ({ partitionIndex: int(), brokerIds: this.some(int) })),
            configs: this.some(() => ({
              name: this.random.pick(CONFIGS),
              value: this.random.pick(VALUES),
            })),
          })),
          timeoutMs: int(),
          validateOnly: bool(),
        };
      case 'deleteTopics':
        return { topicNames: this.some(this.name), timeoutMs: int() };
      case 'createPartitions':
        return {
          topics: this.some(() => ({
            name: this.name(),
            count: int(),
            assignments: this.orNull(this.some(() => ({ brokerIds: this.some(int) }))),
          })),
          timeoutMs: int(),
          validateOnly: bool(),
        };
      case 'alterConfigs':
      case 'incrementalAlterConfigs':
        return {
          resources: this.some(() => ({
            resourceType: small(),
            resourceName: this.name(),
            configs: this.some(() => ({
              name: this.random.pick(CONFIGS),
              value: this.random.pick(VALUES),
              ...(name === 'incrementalAlterConfigs' && { configOperation: small() }),
            })),
          })),
          validateOnly: bool(),
        };
      case 'electLeaders':
        return {
          electionType: small(),
          topicPartitions: this.orNull(this.some(this.partitions)),
          timeoutMs: int(),
        };
      case 'alterPartitionReassignments':
        return {
          topics: this.some(() => ({
            name: this.name(),
            partitions: this.some(() => ({ partitionIndex: int(), replicas: this.orNull(this.some(int)) })),
          })),
        };
      case 'listPartitionReassignments':
        return {
          topics: this.orNull(this.some(() => ({ name: this.name(), partitionIndexes: this.some(int) }))),
        };
      case 'unregisterBroker':
        return { brokerId: this.random.pick([-1, 0, 13, 2_147_483_647]) };
      case 'brokerRegistration':
        return {
          brokerId: this.random.pick([-1, 0, 12, 13, 2_147_483_647]),
          clusterId: this.random.pick([CLUSTER_ID, '']),
          incarnationId: UUID,
          listeners: this.some(() => ({ name: this.name(), host: this.name(), port: 65_535 })),
          features: this.some(() => ({ name: this.name(), minSupportedVersion: -1, maxSupportedVersion: 9 })),
          rack: this.orNull(this.name()),
          logDirs: this.some(() =>
            this.random.pick([UUID, 'AAAAAAAAAAAAAAAAAAAAAA', 'BAAAAAAAAAAAAAAAAAAAAA']),
          ),
          previousBrokerEpoch: long(),
        };
      case 'brokerHeartbeat':
        return {
          ...{ brokerId: int(), brokerEpoch: long(), currentMetadataOffset: long() },
          ...{ wantFence: bool(), wantShutDown: bool() },
        };
      case 'allocateProducerIds':
        return { brokerId: int(), brokerEpoch: long() };
      default:
        return {
          ...{ brokerId: int(), brokerEpoch: long() },
          topics: this.some(() => ({
            topicId: UUID,
            partitions: this.some(() => ({
              ...{ partitionIndex: int(), leaderEpoch: int(), partitionEpoch: int() },
              newIsr: this.some(int),
              leaderRecoveryState: small(),
            })),
          })),
        };
    }
  }
}

const FORWARDED: readonly [ApiName, number][] = [
  ['createTopics', 4],
  ['deleteTopics', 3],
  ['createPartitions', 1],
  ['alterConfigs', 1],
  ['incrementalAlterConfigs', 1],
  ['electLeaders', 2],
  ['alterPartitionReassignments', 0],
  ['listPartitionReassignments', 0],
  ['unregisterBroker', 0],
];
const DIRECT: readonly [ApiName, number][] = [
  ['brokerRegistration', 4],
  ['brokerHeartbeat', 1],
  ['allocateProducerIds', 0],
  ['alterPartition', 2],
];

function frameOf(name: ApiName, version: number, body: object): Uint8Array {
  const api = APIS[name] as unknown as Api;
  const identity = { correlationId: 1, clientId: 'x' };
  return encodeRequest(api, version, identity, body as RequestInput<Api>);
}

async function withBrokers(body: (rig: Controllers) => Promise<void>): Promise<void> {
  await withControllers({ commitDelayMs: 1 }, async (rig) => {
    rig.quorum.elect(1);
    await rig.sleep(50);
    for (const broker of [11, 12]) await rig.join(1, broker);
    await rig.createTopics(1, 'orders', { partitions: 3, replicationFactor: 2 });
    await body(rig);
    expect(rig.cluster.crashes).toEqual([]);
    expect(rig.cluster.invariantViolations).toEqual([]);
    expect(rig.driver(1).status().active).toBe(true);
    const alive = await rig.send(1, 'allocateProducerIds', 0, { brokerId: 99, brokerEpoch: 1 });
    expect(alive.kind).toBe('response');
  });
}

const envelopeOf = (frame: Uint8Array): RequestInputBody<'envelope'> => ({
  requestData: frame.subarray(LENGTH_BYTES),
  requestPrincipal: null,
  clientHostAddress: new Uint8Array(4),
});

test('values that nobody means are answered, each of them', async () => {
  await withBrokers(async (rig) => {
    const random = randomStream(1, 'hostile');
    const hostile = new Hostile(random);
    for (let i = 0; i < 400; i++) {
      const [name, version] = random.pick([...FORWARDED, ...DIRECT]);
      const body = hostile.body(name);
      const isForwarded = FORWARDED.some(([forwarded]) => forwarded === name);
      const outcome = isForwarded
        ? await rig.send(1, 'envelope', 0, envelopeOf(frameOf(name, version, body)))
        : await rig.send(1, name, version, body);
      expect([name, body, outcome.kind]).toEqual([name, body, 'response']);
      if (isForwarded) expect(outcome).toMatchObject({ body: { errorCode: 0 } });
    }
  });
});

/** Some bytes are others, or are missing, or there are more. */
function damaged(random: Random, frame: Uint8Array, from: number): Uint8Array {
  const bytes = frame.slice(0, random.chance(0.3) ? random.integer(from, frame.length) : frame.length);
  for (let i = random.integer(1, 4); i > 0 && bytes.length > from; i--) {
    bytes[random.integer(from, bytes.length - 1)] = random.integer(0, 255);
  }
  new DataView(bytes.buffer).setInt32(0, bytes.length - LENGTH_BYTES);
  return bytes;
}

test('damaged bytes are answered or end their connection', async () => {
  await withBrokers(async (rig) => {
    const random = randomStream(2, 'hostile');
    const hostile = new Hostile(random);
    const runtime = rig.runtime as Runtime;
    for (let i = 0; i < 400; i++) {
      const [name, version] = random.pick([...FORWARDED, ...DIRECT]);
      const frame = frameOf(name, version, hostile.body(name));
      const connection = runtime.connect({ host: 'n1', port: CONTROLLER_PORT });
      if (FORWARDED.some(([forwarded]) => forwarded === name)) {
        connection.write(frameOf('envelope', 0, envelopeOf(damaged(random, frame, LENGTH_BYTES))));
      } else {
        connection.write(damaged(random, frame, LENGTH_BYTES));
      }
      await rig.sleep(10);
      connection.close();
    }
  });
});
