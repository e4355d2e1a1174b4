/**
 * Every API that a node of ours speaks, by the name that a request decodes to.
 *
 *     APIS.metadata.key; // 3
 *     apiByKey(3)?.name; // 'metadata'
 */
import { describeAcls } from './api/acls.ts';
import { allocateProducerIds, alterPartition, brokerHeartbeat, brokerRegistration } from './api/brokers.ts';
import { envelope, unregisterBroker } from './api/brokers.ts';
import { alterConfigs, describeConfigs, incrementalAlterConfigs } from './api/configs.ts';
import { fetch } from './api/fetch.ts';
import { offsetCommit, offsetDelete, offsetFetch } from './api/group-offsets.ts';
import { deleteGroups, describeGroups, heartbeat, joinGroup } from './api/groups.ts';
import { leaveGroup, listGroups, syncGroup } from './api/groups.ts';
import { apiVersions, describeCluster, describeTopicPartitions } from './api/metadata.ts';
import { findCoordinator, metadata } from './api/metadata.ts';
import { deleteRecords, listOffsets, offsetForLeaderEpoch } from './api/offsets.ts';
import { produce } from './api/produce.ts';
import { beginQuorumEpoch, describeQuorum, endQuorumEpoch, vote } from './api/quorum.ts';
import { fetchSnapshot } from './api/snapshots.ts';
import { alterPartitionReassignments, createPartitions, createTopics, deleteTopics } from './api/topics.ts';
import { describeLogDirs, electLeaders, listPartitionReassignments } from './api/topics.ts';
import { addOffsetsToTxn, addPartitionsToTxn, endTxn, initProducerId } from './api/transactions.ts';
import { txnOffsetCommit, writeTxnMarkers } from './api/transactions.ts';
import { addRaftVoter, removeRaftVoter, updateRaftVoter } from './api/voters.ts';
import type { Api, RequestInput, RequestOf, ResponseInput } from './schema.ts';

export const APIS = {
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  txnOffsetCommit,
  describeAcls,
  describeConfigs,
  alterConfigs,
  describeLogDirs,
  createPartitions,
  deleteGroups,
  electLeaders,
  incrementalAlterConfigs,
  alterPartitionReassignments,
  listPartitionReassignments,
  offsetDelete,
  vote,
  beginQuorumEpoch,
  endQuorumEpoch,
  describeQuorum,
  alterPartition,
  envelope,
  fetchSnapshot,
  describeCluster,
  describeTopicPartitions,
  brokerRegistration,
  brokerHeartbeat,
  unregisterBroker,
  allocateProducerIds,
  addRaftVoter,
  removeRaftVoter,
  updateRaftVoter,
} as const;

export type ApiName = keyof typeof APIS;
/** As it was read. */
export type RequestBody<N extends ApiName> = RequestOf<(typeof APIS)[N]>;
/** To be written: what has a default may be left out. */
export type RequestInputBody<N extends ApiName> = RequestInput<(typeof APIS)[N]>;
export type ResponseBody<N extends ApiName> = ResponseInput<(typeof APIS)[N]>;

export interface NamedApi {
  readonly name: ApiName;
  readonly api: Api;
}

export const NAMED_APIS: readonly NamedApi[] = Object.entries(APIS).map(([name, api]) => ({
  name: name as ApiName,
  // A request's codec takes any structure here: whoever decodes narrows by the name.
  api: api,
}));

const byKey = new Map(NAMED_APIS.map((named) => [named.api.key, named]));

export const apiByKey = (key: number): NamedApi | undefined => byKey.get(key);
