/**
 * DescribeCluster on the listener of controllers (KIP-919): the voters, and which of them is active.
 *
 *     describeControllers(body, clusterId, 1, quorum)   // { clusterId, controllerId: 2, brokers: [{ brokerId: 1, host, port }, …] }
 *
 * Brokers are told by brokers.
 */
import type { RequestBody, ResponseBody } from '../../wire/apis.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Quorum } from '../parts.ts';

/** The `endpointType` of DescribeCluster. */
const CONTROLLERS = 2;
/** Version 0 cannot say whom it means, and is read so. */
const BROKERS = 1;

export function describeControllers(
  body: RequestBody<'describeCluster'>,
  clusterId: string,
  version: number,
  quorum: Quorum,
): ResponseBody<'describeCluster'> {
  const { endpointType } = body;
  if (endpointType !== CONTROLLERS && (version > 0 || endpointType !== BROKERS)) {
    const errorMessage = 'this listener tells of controllers: ask a broker for brokers';
    return { errorCode: ERROR.INVALID_REQUEST, errorMessage, clusterId, brokers: [] };
  }
  const status = quorum.status();
  const brokers = (status?.voters ?? []).flatMap(({ voterId: id }) => {
    const address = quorum.controllerAddress(id);
    return address === null ? [] : [{ brokerId: id, ...address }];
  });
  return {
    errorCode: ERROR.NONE,
    ...(version > 0 && { endpointType: CONTROLLERS }),
    clusterId,
    controllerId: status?.leaderId ?? -1,
    brokers: brokers.sort((a, b) => a.brokerId - b.brokerId),
  };
}
