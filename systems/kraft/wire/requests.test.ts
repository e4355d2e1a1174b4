import { describe, expect, test } from 'vitest';
import { advertisedApis, apiName, servedApi } from './api-keys.ts';
import { apiByKey, APIS } from './apis.ts';
import { Reader, Writer } from './bytes.ts';
import { ERROR, errorName, ERRORS, isDefinite, isRetriable } from './error-codes.ts';
import { LENGTH_BYTES } from './frames.ts';
import {
  readRequestHeader,
  readResponseHeader,
  requestHeaderVersion,
  responseHeaderVersion,
  writeRequestHeader,
} from './headers.ts';
import { decodeRequest, encodeRequest, encodeResponse } from './requests.ts';

const from = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('bytes by the definition of the protocol', () => {
  const identity = { correlationId: 7, clientId: 'me' };
  // Key, version, correlation id, client id.
  const header = (key: string, version: string): string => `${key} ${version} 00000007 0002 6d65`;

  test.each<[string, Uint8Array, string]>([
    ['ApiVersions 0', encodeRequest(APIS.apiVersions, 0, identity, {}), header('0012', '0000')],
    [
      'ApiVersions 3: a header with tags, compact strings',
      encodeRequest(APIS.apiVersions, 3, identity, { clientSoftwareName: 'x', clientSoftwareVersion: '1' }),
      `${header('0012', '0003')} 00 0278 0231 00`,
    ],
    [
      'Metadata 4 of all topics',
      encodeRequest(APIS.metadata, 4, identity, { topics: null, allowAutoTopicCreation: false }),
      `${header('0003', '0004')} ffffffff 00`,
    ],
    [
      'Metadata 0 of one topic',
      encodeRequest(APIS.metadata, 0, identity, { topics: [{ name: 't' }] }),
      `${header('0003', '0000')} 00000001 0001 74`,
    ],
    [
      'Produce 3',
      encodeRequest(APIS.produce, 3, identity, {
        acks: -1,
        timeoutMs: 256,
        topicData: [{ name: 't', partitionData: [{ index: 1, records: Uint8Array.of(9, 9) }] }],
      }),
      `${header('0000', '0003')} ffff ffff 00000100 00000001 000174 00000001 00000001 00000002 0909`,
    ],
    [
      'Fetch 11',
      encodeRequest(APIS.fetch, 11, identity, {
        maxWaitMs: 500,
        minBytes: 1,
        topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 5, partitionMaxBytes: 10 }] }],
      }),
      `${header('0001', '000b')} ffffffff 000001f4 00000001 7fffffff 00 00000000 ffffffff 00000001 000174
       00000001 00000000 ffffffff 0000000000000005 ffffffffffffffff 0000000a 00000000 0000`.replaceAll(
        '\n',
        '',
      ),
    ],
    [
      'Fetch 17 of a replica: its state in a tag',
      encodeRequest(APIS.fetch, 17, identity, {
        replicaState: { replicaId: 2, replicaEpoch: 3 },
        maxWaitMs: 500,
        minBytes: 1,
        topics: [],
      }),
      `${header('0001', '0011')} 00 000001f4 00000001 7fffffff 00 00000000 ffffffff 01 01 01
       01 01 0d 00000002 0000000000000003 00`.replaceAll('\n', ''),
    ],
    [
      'Vote 2: a pre-vote',
      encodeRequest(APIS.vote, 2, identity, {
        clusterId: null,
        voterId: 3,
        topics: [
          {
            topicName: 'm',
            partitions: [
              {
                partitionIndex: 0,
                replicaEpoch: 5,
                replicaId: 1,
                lastOffsetEpoch: 4,
                lastOffset: 9,
                preVote: true,
              },
            ],
          },
        ],
      }),
      `${header('0034', '0002')} 00 00 00000003 02 026d 02 00000000 00000005 00000001
       ${'00'.repeat(32)} 00000004 0000000000000009 01 00 00 00`.replaceAll('\n', ''),
    ],
    [
      'Heartbeat 3',
      encodeRequest(APIS.heartbeat, 3, identity, { groupId: 'g', generationId: 1, memberId: 'm' }),
      `${header('000c', '0003')} 0001 67 00000001 0001 6d ffff`,
    ],
    [
      'a response of ApiVersions 3: the header of version 0',
      encodeResponse(APIS.apiVersions, 3, 7, {
        errorCode: 0,
        apiKeys: [{ apiKey: 1, minVersion: 4, maxVersion: 11 }],
      }),
      '00000007 0000 02 0001 0004 000b 00 00000000 00',
    ],
    [
      'a response of ListPartitionReassignments 0: the header of version 1',
      encodeResponse(APIS.listPartitionReassignments, 0, 7, { errorCode: 0, errorMessage: null, topics: [] }),
      '00000007 00 00000000 0000 00 01 00',
    ],
    [
      'a response of Produce 8',
      encodeResponse(APIS.produce, 8, 7, {
        responses: [{ name: 't', partitionResponses: [{ index: 0, errorCode: 6, baseOffset: -1 }] }],
      }),
      `00000007 00000001 000174 00000001 00000000 0006 ${'ff'.repeat(24)} 00000000 ffff 00000000`,
    ],
    [
      'a response of Fetch 12 that diverges',
      encodeResponse(APIS.fetch, 12, 7, {
        responses: [
          {
            topic: 't',
            partitions: [
              {
                partitionIndex: 0,
                errorCode: 0,
                highWatermark: 1,
                abortedTransactions: null,
                records: null,
                divergingEpoch: { epoch: 2, endOffset: 3 },
              },
            ],
          },
        ],
      }),
      `00000007 00 00000000 0000 00000000 02 0274 02 00000000 0000 0000000000000001 ${'ff'.repeat(16)} 00
       ffffffff 00 01 00 0d 00000002 0000000000000003 00 00 00`.replaceAll('\n', ''),
    ],
  ])('%s', (_, frame, expected) => {
    const bytes = from(expected);
    expect(hex(frame.subarray(LENGTH_BYTES))).toBe(hex(bytes));
    expect(new Reader(frame).int32()).toBe(bytes.length);
  });
});

describe('what a broker does with a request', () => {
  test('one that it serves', () => {
    const frame = encodeRequest(APIS.metadata, 8, { correlationId: 1, clientId: null }, { topics: null });
    const decoded = decodeRequest(frame.subarray(LENGTH_BYTES), 'broker');
    if (decoded.kind !== 'request' || decoded.name !== 'metadata') throw new Error(decoded.kind);
    expect(decoded.body.topics).toBeNull();
    expect(decoded.body.allowAutoTopicCreation).toBe(true);
    expect(decoded.header.clientId).toBeNull();
  });

  test('bytes after a body are ignored, as Kafka ignores them', () => {
    expect(decodeRequest(from('0012 0000 00000007 ffff 0102'), 'broker')).toMatchObject({
      name: 'apiVersions',
    });
  });

  test.each(['0003', '0004', '7fff', 'ffff'])('ApiVersions %s is refused in version 0', (version) => {
    const decoded = decodeRequest(from(`0012 ${version} 00000007 0002 6d65 00 0278 0231 00`), 'broker');
    if (decoded.kind !== 'refuse') throw new Error(decoded.kind);
    expect(hex(decoded.frame)).toBe('00000010' + '00000007' + '0023' + '00000001' + '0012' + '0000' + '0002');
    expect(decoded.header.correlationId).toBe(7);
  });

  test.each<[string, string, 'broker' | 'controller', string]>([
    ['an API that is not', '03e7 0000 00000007 ffff', 'broker', 'unknown-api'],
    ['a negative API', 'ffff 0000 00000007 ffff', 'broker', 'unknown-api'],
    ['a heartbeat on a broker’s listener', '003f 0000 00000007 ffff 00', 'broker', 'unknown-api'],
    ['a produce on a controller’s', '0000 0003 00000007 ffff', 'controller', 'unknown-api'],
    ['a version too new', '0003 0009 00000007 ffff 00', 'broker', 'unsupported-version'],
    ['a version too old', '0001 0003 00000007 ffff', 'broker', 'unsupported-version'],
    ['a consumer’s fetch on a controller’s', '0001 000b 00000007 ffff', 'controller', 'unsupported-version'],
    ['a body that ends early', '0003 0004 00000007 ffff ffffffff', 'broker', 'malformed'],
    ['a header that ends early', '0003 0004 0000', 'broker', 'malformed'],
    ['nothing', '', 'broker', 'malformed'],
    ['a client id that is cut', '0003 0004 00000007 0009 61', 'broker', 'malformed'],
  ])('%s ends the connection', (_, bytes, listener, reason) => {
    expect(decodeRequest(from(bytes), listener)).toMatchObject({ kind: 'close', reason });
  });
});

describe('headers', () => {
  test('by API and version', () => {
    expect(requestHeaderVersion(APIS.metadata, 8)).toBe(1);
    expect(requestHeaderVersion(APIS.apiVersions, 3)).toBe(2);
    expect(requestHeaderVersion({ ...APIS.metadata, key: 7 }, 0)).toBe(0);
    expect(requestHeaderVersion(APIS.txnOffsetCommit, 3)).toBe(2);
    expect(responseHeaderVersion(APIS.apiVersions, 3)).toBe(0);
    expect(responseHeaderVersion(APIS.txnOffsetCommit, 3)).toBe(1);
    expect(responseHeaderVersion(APIS.metadata, 8)).toBe(0);
  });

  test.each([0, 1, 2] as const)('of version %i are read as they are written', (version) => {
    const writer = new Writer();
    const header = { apiKey: 7, apiVersion: 0, correlationId: 9, clientId: version === 0 ? null : 'me' };
    writeRequestHeader(writer, header, version);
    const reader = new Reader(writer.take());
    expect(readRequestHeader(reader, version)).toEqual(header);
    reader.finish();
  });

  test('unknown tags are skipped', () => {
    const reader = new Reader(from('00000007 01 05 02 abcd'));
    expect(readResponseHeader(reader, 1)).toBe(7);
    reader.finish();
  });
});

describe('what is advertised', () => {
  test('in the order of the keys, without what is only for brokers', () => {
    const apis = advertisedApis('broker');
    expect(apis.map(({ apiKey }) => apiKey)).toEqual(apis.map(({ apiKey }) => apiKey).sort((a, b) => a - b));
    expect(apis).toContainEqual({ apiKey: 1, minVersion: 4, maxVersion: 11 });
    expect(apis.some(({ apiKey }) => apiKey === APIS.writeTxnMarkers.key)).toBe(false);
    expect(servedApi('broker', 1)?.accepted).toEqual({ min: 4, max: 17 });
    expect(advertisedApis('controller').map(({ apiKey }) => apiKey)).toContain(52);
  });

  test('without what is not implemented', () => {
    expect(advertisedApis('broker', (name) => name === 'metadata')).toEqual([
      { apiKey: 3, minVersion: 0, maxVersion: 8 },
    ]);
  });

  test.each(['broker', 'controller'] as const)('on a %s is accepted, and has a codec', (listener) => {
    for (const { apiKey, minVersion, maxVersion } of advertisedApis(listener)) {
      const served = servedApi(listener, apiKey);
      expect(served?.accepted.min).toBeLessThanOrEqual(minVersion);
      expect(served?.accepted.max).toBeGreaterThanOrEqual(maxVersion);
      for (const version of [served?.accepted.min ?? -1, served?.accepted.max ?? -1]) {
        expect(served?.api.request.supports(version)).toBe(true);
        expect(served?.api.response.supports(version)).toBe(true);
      }
    }
  });

  test('names', () => {
    expect(apiName(52)).toBe('Vote');
    expect(apiName(999)).toBe('unknown API 999');
    expect(apiByKey(3)?.name).toBe('metadata');
    expect(apiByKey(999)).toBeUndefined();
  });
});

describe('error codes', () => {
  test('each once, in order', () => {
    const codes = ERRORS.map(({ code }) => code);
    expect(codes).toEqual([...new Set(codes)].sort((a, b) => a - b));
    expect(new Set(ERRORS.map(({ name }) => name)).size).toBe(ERRORS.length);
  });

  test('what certainly did not happen, and what may have', () => {
    expect(isDefinite(ERROR.NOT_ENOUGH_REPLICAS)).toBe(true);
    expect(isDefinite(ERROR.MESSAGE_TOO_LARGE)).toBe(true);
    expect(isDefinite(ERROR.ILLEGAL_GENERATION)).toBe(true);
    for (const code of [
      ERROR.NONE,
      ERROR.UNKNOWN_SERVER_ERROR,
      ERROR.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
      ERROR.REQUEST_TIMED_OUT,
      ERROR.NETWORK_EXCEPTION,
      ERROR.NOT_LEADER_OR_FOLLOWER,
      ERROR.KAFKA_STORAGE_ERROR,
      ERROR.DUPLICATE_SEQUENCE_NUMBER,
      ERROR.NOT_COORDINATOR,
      9999,
    ]) {
      expect(isDefinite(code), errorName(code)).toBe(false);
    }
  });

  test('what may be tried again', () => {
    expect(isRetriable(ERROR.NOT_LEADER_OR_FOLLOWER)).toBe(true);
    expect(isRetriable(ERROR.MESSAGE_TOO_LARGE)).toBe(false);
    expect(isRetriable(9999)).toBe(false);
  });

  test('names', () => {
    expect(errorName(6)).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(errorName(9999)).toBe('UNKNOWN_ERROR_9999');
  });
});
