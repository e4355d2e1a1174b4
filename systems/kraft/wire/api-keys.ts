/**
 * Which versions of which API a node takes on which listener, and which of them it advertises.
 *
 *     servedApi('broker', 3)?.accepted.max; // 8, of Metadata
 *     advertisedApis('broker'); // the `apiKeys` of an ApiVersions response
 *     apiName(52); // 'Vote'
 *
 * What brokers alone send to brokers (Fetch from version 12, WriteTxnMarkers) is accepted and not advertised: the
 * flexible versions would draw clients into what nobody needs, and Fetch beyond 12 into topic ids. ApiVersions is
 * advertised up to 2: to a newer one a broker answers UNSUPPORTED_VERSION in version 0, and clients try again.
 */
import { apiByKey, APIS, NAMED_APIS } from './apis.ts';
import type { ApiName } from './apis.ts';
import type { Api } from './schema.ts';
import type { VersionRange, VersionText } from './versions.ts';
import { parseVersions } from './versions.ts';

/** Clients and brokers talk to brokers on the one, brokers and controllers to controllers on the other. */
export type Listener = 'broker' | 'controller';

/** Advertised versions, and the accepted ones where they are more. */
type Row = readonly [advertised: VersionText, accepted?: VersionText];
type Rows = { readonly [N in ApiName]?: Row };

const BROKER: Rows = {
  produce: ['0-8'],
  fetch: ['4-11', '4-17'],
  listOffsets: ['1-5'],
  metadata: ['0-8'],
  offsetCommit: ['2-7'],
  offsetFetch: ['1-7'],
  findCoordinator: ['0-2'],
  joinGroup: ['0-5'],
  heartbeat: ['0-3'],
  leaveGroup: ['0-3'],
  syncGroup: ['0-3'],
  describeGroups: ['0-4'],
  listGroups: ['0-2'],
  apiVersions: ['0-2'],
  createTopics: ['2-7', '0-7'],
  deleteTopics: ['1-6', '0-6'],
  deleteRecords: ['0-1'],
  initProducerId: ['0-1'],
  offsetForLeaderEpoch: ['2-3', '2-4'],
  addPartitionsToTxn: ['0-2'],
  addOffsetsToTxn: ['0-2'],
  endTxn: ['0-2'],
  writeTxnMarkers: ['none', '0-1'],
  txnOffsetCommit: ['0-3'],
  describeAcls: ['1'],
  describeConfigs: ['1-3', '0-3'],
  alterConfigs: ['0-1'],
  describeLogDirs: ['0-1'],
  createPartitions: ['0-1'],
  deleteGroups: ['0-1'],
  electLeaders: ['0-1', '0-2'],
  incrementalAlterConfigs: ['0', '0-1'],
  alterPartitionReassignments: ['0'],
  listPartitionReassignments: ['0'],
  offsetDelete: ['0'],
  // Of the Raft groups of partitions, among brokers.
  vote: ['none', '0-2'],
  beginQuorumEpoch: ['none', '0-1'],
  endQuorumEpoch: ['none', '0-1'],
  describeQuorum: ['0-2'],
  describeCluster: ['0-1'],
  describeTopicPartitions: ['0'],
  unregisterBroker: ['0'],
  addRaftVoter: ['0-1'],
  removeRaftVoter: ['0'],
};

const CONTROLLER: Rows = {
  fetch: ['12-18'],
  apiVersions: ['0-2'],
  vote: ['0-2'],
  beginQuorumEpoch: ['0-1'],
  endQuorumEpoch: ['0-1'],
  describeQuorum: ['0-2'],
  fetchSnapshot: ['0-1'],
  alterPartition: ['2-3'],
  envelope: ['0'],
  describeCluster: ['0-1'],
  brokerRegistration: ['0-4'],
  brokerHeartbeat: ['0-1'],
  unregisterBroker: ['0'],
  allocateProducerIds: ['0'],
  addRaftVoter: ['0-1'],
  removeRaftVoter: ['0'],
  updateRaftVoter: ['0'],
};

const TABLES: Readonly<Record<Listener, Rows>> = { broker: BROKER, controller: CONTROLLER };

export interface ServedApi {
  readonly name: ApiName;
  readonly api: Api;
  readonly advertised: VersionRange;
  readonly accepted: VersionRange;
}

function serve(rows: Rows): ReadonlyMap<number, ServedApi> {
  const served = new Map<number, ServedApi>();
  for (const { name, api } of NAMED_APIS) {
    const row = rows[name];
    if (row === undefined) continue;
    const [advertised, accepted = advertised] = row;
    served.set(api.key, {
      name,
      api,
      advertised: parseVersions(advertised),
      accepted: parseVersions(accepted),
    });
  }
  return served;
}

const SERVED: Readonly<Record<Listener, ReadonlyMap<number, ServedApi>>> = {
  broker: serve(TABLES.broker),
  controller: serve(TABLES.controller),
};

export const servedApi = (listener: Listener, key: number): ServedApi | undefined =>
  SERVED[listener].get(key);

export interface AdvertisedApi {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/**
 * What an ApiVersions response says, in the order of the keys.
 * @param isImplemented - leaves out what a node does not serve: clients take what is advertised at its word
 */
export function advertisedApis(
  listener: Listener,
  isImplemented: (name: ApiName) => boolean = () => true,
): AdvertisedApi[] {
  return [...SERVED[listener].values()]
    .filter(({ name, advertised }) => advertised.max >= advertised.min && isImplemented(name))
    .map(({ api, advertised: { min, max } }) => ({ apiKey: api.key, minVersion: min, maxVersion: max }))
    .sort((a, b) => a.apiKey - b.apiKey);
}

/** Kafka's name of an API, for people. */
export function apiName(key: number): string {
  const named = apiByKey(key);
  return named === undefined ? `unknown API ${key}` : APIS[named.name].name;
}
