/**
 * Envelope (KIP-590): a client's request that a broker passes on. It is handled as if the client had sent it here, and its answer goes
 * back whole, so that the broker hands it on unread.
 *
 *     openEnvelope(exchange, (inner) => handle(inner));
 *
 * Only what a controller decides is taken from one. An envelope has no word for a connection that is to end: whoever sent what cannot
 * be read gets INVALID_REQUEST, and its broker ends it.
 */
import { APIS } from '../../wire/apis.ts';
import type { ApiName, ResponseBody } from '../../wire/apis.ts';
import { EncodeError } from '../../wire/codec-error.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import { LENGTH_BYTES } from '../../wire/frames.ts';
import { decodeRequest, encodeResponse } from '../../wire/requests.ts';
import type { Api, InputOfFields } from '../../wire/schema.ts';
import type { Exchange } from '../network/exchange.ts';

/** What clients ask of a controller through a broker. */
const FORWARDED: ReadonlySet<ApiName> = new Set([
  'createTopics',
  'deleteTopics',
  'createPartitions',
  'alterConfigs',
  'incrementalAlterConfigs',
  'electLeaders',
  'alterPartitionReassignments',
  'listPartitionReassignments',
  'unregisterBroker',
]);

/**
 * @param handle - answers the request within, once, through its exchange
 */
export function openEnvelope(outer: Exchange<'envelope'>, handle: (inner: Exchange) => void): void {
  const refuse = (error: ErrorName): void => outer.respond({ responseData: null, errorCode: ERROR[error] });
  const frame = outer.body.requestData;
  const request = decodeRequest(frame, 'broker');
  if (request.kind !== 'request' || !FORWARDED.has(request.name)) return refuse('INVALID_REQUEST');
  const { name, header, body } = request;
  const respondFrame = (response: Uint8Array): void =>
    outer.respond({ responseData: response.subarray(LENGTH_BYTES), errorCode: ERROR.NONE });
  const respond = (response: ResponseBody<ApiName>): void => {
    let bytes: Uint8Array;
    try {
      bytes = encodeAny(name, header.apiVersion, header.correlationId, response);
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      return refuse('UNKNOWN_SERVER_ERROR');
    }
    respondFrame(bytes);
  };
  handle({
    name,
    header,
    body,
    listener: 'broker',
    listenerName: outer.listenerName,
    clientHost: outer.clientHost,
    frame,
    respond,
    respondFrame,
    finish: () => refuse('INVALID_REQUEST'),
    disconnect: () => refuse('INVALID_REQUEST'),
  });
}

/** The table's API of a name has that name's types, which the compiler cannot see. */
function encodeAny(
  name: ApiName,
  version: number,
  correlationId: number,
  body: ResponseBody<ApiName>,
): Uint8Array {
  const api = APIS[name] as unknown as Api;
  return encodeResponse(api, version, correlationId, body as InputOfFields<Api['response']['fields']>);
}
