/**
 * What stands before the body of a request and of a response.
 *
 *     request v0   api key int16, version int16, correlation id int32           ControlledShutdown of old brokers
 *     request v1   the same, client id nullable string
 *     request v2   the same (the client id not compact), tagged fields          flexible versions
 *     response v0  correlation id int32                                         ApiVersions in every version
 *     response v1  correlation id int32, tagged fields                          flexible versions
 *
 *     writeRequestHeader(writer, { apiKey: 3, apiVersion: 8, correlationId: 1, clientId: 'me' }, 1);
 */
import type { Reader, Writer } from './bytes.ts';
import type { Api } from './schema.ts';

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

export type RequestHeaderVersion = 0 | 1 | 2;
export type ResponseHeaderVersion = 0 | 1;

const CONTROLLED_SHUTDOWN = 7;
const API_VERSIONS = 18;

export function requestHeaderVersion(api: Api, version: number): RequestHeaderVersion {
  if (api.key === CONTROLLED_SHUTDOWN && version === 0) return 0;
  return api.request.isFlexible(version) ? 2 : 1;
}

export function responseHeaderVersion(api: Api, version: number): ResponseHeaderVersion {
  return api.key !== API_VERSIONS && api.response.isFlexible(version) ? 1 : 0;
}

export function writeRequestHeader(
  writer: Writer,
  header: RequestHeader,
  headerVersion: RequestHeaderVersion,
): void {
  writer.int16(header.apiKey);
  writer.int16(header.apiVersion);
  writer.int32(header.correlationId);
  if (headerVersion >= 1) writer.nullableString(header.clientId);
  if (headerVersion >= 2) writer.emptyTags();
}

/**
 * The part of a header that every version has; the client id follows.
 * @throws MalformedError
 */
export function readFixedHeader(reader: Reader): RequestHeader {
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  return { apiKey, apiVersion, correlationId: reader.int32(), clientId: null };
}

/** @throws MalformedError */
export function readRequestHeader(reader: Reader, headerVersion: RequestHeaderVersion): RequestHeader {
  const fixed = readFixedHeader(reader);
  if (headerVersion === 0) return fixed;
  const clientId = reader.nullableString();
  if (headerVersion >= 2) reader.skipTags();
  const { apiKey, apiVersion, correlationId } = fixed;
  return { apiKey, apiVersion, correlationId, clientId };
}

export function writeResponseHeader(
  writer: Writer,
  correlationId: number,
  headerVersion: ResponseHeaderVersion,
): void {
  writer.int32(correlationId);
  if (headerVersion >= 1) writer.emptyTags();
}

/**
 * @returns the correlation id
 * @throws MalformedError
 */
export function readResponseHeader(reader: Reader, headerVersion: ResponseHeaderVersion): number {
  const correlationId = reader.int32();
  if (headerVersion >= 1) reader.skipTags();
  return correlationId;
}
