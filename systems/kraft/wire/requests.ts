/**
 * Requests and responses as frames: a client's side and a broker's.
 *
 *     const frame = encodeRequest(APIS.metadata, 8, { correlationId: 1, clientId: 'me' }, { topics: null });
 *     const decoded = decodeRequest(frame.subarray(LENGTH_BYTES), 'broker');
 *     if (decoded.kind === 'request' && decoded.name === 'metadata') decoded.body.topics; // null
 *     socket.write(encodeResponse(APIS.metadata, 8, 1, { brokers: [], topics: [] }));
 *
 * A broker answers what it can read and ends the connection otherwise, as Kafka does: after a request of an unknown API
 * or version no answer can be in a form that the client would understand. The one exception is ApiVersions, whose
 * answer to an unsupported version is `refuse`, ready to be sent. Bytes after a body are ignored, as Kafka does.
 */
import { advertisedApis, servedApi } from './api-keys.ts';
import type { Listener } from './api-keys.ts';
import type { ApiName, RequestBody } from './apis.ts';
import { APIS } from './apis.ts';
import { Reader } from './bytes.ts';
import { MalformedError } from './codec-error.ts';
import { ERROR } from './error-codes.ts';
import { encodeFrame, encodeFramePieces } from './frames.ts';
import type { RequestHeader } from './headers.ts';
import {
  readFixedHeader,
  readRequestHeader,
  requestHeaderVersion,
  responseHeaderVersion,
  writeRequestHeader,
  writeResponseHeader,
} from './headers.ts';
import { joinedBytes } from '../../runtime/joined-bytes.ts';
import type { Api, Fields, InputOfFields } from './schema.ts';

/** What was asked, by the name of its API. */
export type Request = {
  [N in ApiName]: {
    readonly kind: 'request';
    readonly name: N;
    readonly header: RequestHeader;
    readonly body: RequestBody<N>;
  };
}[ApiName];

export type DecodedRequest =
  | Request
  /** Send this frame; the connection goes on. */
  | { readonly kind: 'refuse'; readonly header: RequestHeader; readonly frame: Uint8Array }
  /** End the connection. */
  | { readonly kind: 'close'; readonly reason: CloseReason; readonly detail: string };

export type CloseReason = 'unknown-api' | 'unsupported-version' | 'malformed';

const close = (reason: CloseReason, detail: string): DecodedRequest => ({ kind: 'close', reason, detail });

/** @param frame - without its length; also what an Envelope carries */
export function decodeRequest(frame: Uint8Array, listener: Listener): DecodedRequest {
  try {
    const fixed = readFixedHeader(new Reader(frame));
    const { apiKey, apiVersion } = fixed;
    const served = servedApi(listener, apiKey);
    if (served === undefined) return close('unknown-api', `API ${apiKey} is not served here`);
    const { api, accepted, name } = served;
    if (apiVersion < accepted.min || apiVersion > accepted.max) {
      if (name === 'apiVersions') return refuseApiVersions(fixed, listener);
      return close(
        'unsupported-version',
        `${api.name} ${apiVersion}; served are ${accepted.min} to ${accepted.max}`,
      );
    }
    const reader = new Reader(frame);
    const header = readRequestHeader(reader, requestHeaderVersion(api, apiVersion));
    const body = api.request.decode(reader, apiVersion);
    // The body is of the API with this name: the table says so, and the compiler cannot see it.
    return { kind: 'request', name, header, body } as unknown as Request;
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    return close('malformed', error.message);
  }
}

/** In version 0, which every client can read, with the versions of ApiVersions among which it may choose (KIP-511). */
function refuseApiVersions(header: RequestHeader, listener: Listener): DecodedRequest {
  const frame = encodeResponse(APIS.apiVersions, 0, header.correlationId, {
    errorCode: ERROR.UNSUPPORTED_VERSION,
    apiKeys: advertisedApis(listener, (name) => name === 'apiVersions'),
  });
  return { kind: 'refuse', header, frame };
}

export interface RequestIdentity {
  readonly correlationId: number;
  readonly clientId: string | null;
}

/**
 * A whole frame.
 * @throws EncodeError
 */
export function encodeRequest<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  { correlationId, clientId }: RequestIdentity,
  body: InputOfFields<Q>,
): Uint8Array {
  const headerVersion = requestHeaderVersion(api, version);
  const header = { apiKey: api.key, apiVersion: version, correlationId, clientId };
  return encodeFrame((writer) => {
    writeRequestHeader(writer, header, headerVersion);
    api.request.encode(writer, version, body);
  });
}

/**
 * A whole frame, in pieces: long bytes of the body are not copied.
 * @throws EncodeError
 */
export function encodeResponsePieces<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  correlationId: number,
  body: InputOfFields<S>,
): readonly Uint8Array[] {
  const headerVersion = responseHeaderVersion(api, version);
  return encodeFramePieces((writer) => {
    writeResponseHeader(writer, correlationId, headerVersion);
    api.response.encode(writer, version, body);
  });
}

/**
 * The same as one.
 * @throws EncodeError
 */
export function encodeResponse<Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  version: number,
  correlationId: number,
  body: InputOfFields<S>,
): Uint8Array {
  return joinedBytes(encodeResponsePieces(api, version, correlationId, body));
}
