/**
 * Answers of forwarded requests of which nothing is known but an error: in the form that each response has for it.
 *
 *     errorAnswer('deleteTopics', { topicNames: ['a'], timeoutMs: 0 }, ERROR.REQUEST_TIMED_OUT, 0)
 *     // { responses: [{ name: 'a', errorCode: 7 }] }
 *
 * Everything that the request named gets the error, since a client looks there and nowhere else.
 */
import type { ApiName, RequestBody, ResponseBody } from '../../wire/apis.ts';
import { topicsToDelete } from '../../wire/api/topics.ts';

/** What a broker passes on to the active controller. */
export type ForwardedName = Extract<
  ApiName,
  | 'createTopics'
  | 'deleteTopics'
  | 'createPartitions'
  | 'alterConfigs'
  | 'incrementalAlterConfigs'
  | 'electLeaders'
  | 'alterPartitionReassignments'
  | 'listPartitionReassignments'
  | 'describeQuorum'
  | 'addRaftVoter'
  | 'removeRaftVoter'
  | 'unregisterBroker'
>;

interface ErrorFacts {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** Of the request. */
  readonly version: number;
}

type Forms = {
  readonly [N in ForwardedName]: (body: RequestBody<N>, facts: ErrorFacts) => ResponseBody<N> | null;
};

function resources(
  body: RequestBody<'alterConfigs'> | RequestBody<'incrementalAlterConfigs'>,
  { errorCode, errorMessage }: ErrorFacts,
): ResponseBody<'alterConfigs'> {
  const responses = body.resources.map(({ resourceType, resourceName }) => ({
    errorCode,
    errorMessage,
    resourceType,
    resourceName,
  }));
  return { responses };
}

const FORMS: Forms = {
  createTopics: ({ topics }, { errorCode, errorMessage }) => ({
    topics: topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
  deleteTopics: (body, { errorCode, errorMessage }) => ({
    responses: topicsToDelete(body).map((topic) => ({ ...topic, errorCode, errorMessage })),
  }),
  createPartitions: ({ topics }, { errorCode, errorMessage }) => ({
    results: topics.map(({ name }) => ({ name, errorCode, errorMessage })),
  }),
  alterConfigs: resources,
  incrementalAlterConfigs: resources,
  electLeaders: ({ topicPartitions }, { errorCode, errorMessage, version }) => {
    // Version 0 has no place for an error of all partitions, and an empty answer would say that none was needed.
    if (version === 0 && topicPartitions === null) return null;
    const replicaElectionResults = (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage })),
    }));
    return version === 0 ? { replicaElectionResults } : { errorCode, replicaElectionResults };
  },
  alterPartitionReassignments: ({ topics }, { errorCode, errorMessage }) => ({
    errorCode,
    errorMessage,
    responses: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode, errorMessage })),
    })),
  }),
  listPartitionReassignments: (_body, { errorCode, errorMessage }) => ({
    errorCode,
    errorMessage,
    topics: [],
  }),
  describeQuorum: (_body, { errorCode, errorMessage }) => ({
    errorCode,
    errorMessage,
    topics: [],
    nodes: [],
  }),
  addRaftVoter: (_body, { errorCode, errorMessage }) => ({ errorCode, errorMessage }),
  removeRaftVoter: (_body, { errorCode, errorMessage }) => ({ errorCode, errorMessage }),
  unregisterBroker: (_body, { errorCode, errorMessage }) => ({ errorCode, errorMessage }),
};

export const FORWARDED_NAMES = Object.keys(FORMS) as readonly ForwardedName[];

const isForwarded = (name: ApiName): name is ForwardedName => Object.hasOwn(FORMS, name);

/** Null where this response has no place for an error: then the connection has to end. */
export function errorAnswer<N extends ApiName>(
  name: N,
  body: RequestBody<N>,
  facts: ErrorFacts,
): ResponseBody<N> | null {
  if (!isForwarded(name)) return null;
  // The table's form of a name takes that name's request and makes its response, which the compiler cannot see.
  const form = FORMS[name];
  return form(body, facts);
}
