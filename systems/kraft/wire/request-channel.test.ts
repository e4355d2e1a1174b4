import { describe, expect, test } from 'vitest';
import { APIS } from './apis.ts';
import { LENGTH_BYTES } from './frames.ts';
import type { Outcome, RequestChannelOptions } from './request-channel.ts';
import { RequestChannel } from './request-channel.ts';
import type { Request } from './requests.ts';
import { decodeRequest, encodeResponse } from './requests.ts';

/** A channel, what it sent, and what came of its requests. */
function connect(options: Partial<RequestChannelOptions> = {}) {
  const sent: Request[] = [];
  const broken: string[] = [];
  const outcomes: string[] = [];
  const channel = new RequestChannel({
    clientId: 'me',
    send: (frame) => {
      const decoded = decodeRequest(frame.subarray(LENGTH_BYTES), 'broker');
      if (decoded.kind !== 'request') throw new Error(decoded.kind);
      sent.push(decoded);
    },
    onBroken: (reason) => broken.push(reason),
    ...options,
  });
  const describeOutcome = <R>(name: string, outcome: Outcome<R>, said: (response: R) => string): void => {
    outcomes.push(
      outcome.kind === 'response'
        ? `${name}: ${said(outcome.response)}`
        : `${name}: ${outcome.reason}, ${outcome.sent ? 'sent' : 'not sent'}`,
    );
  };
  return {
    channel,
    sent,
    broken,
    outcomes,
    heartbeat(name: string) {
      channel.request(APIS.heartbeat, 3, { groupId: name, generationId: 1, memberId: 'm' }, (outcome) =>
        describeOutcome(name, outcome, (response) => String(response.errorCode)),
      );
    },
    post(name: string) {
      channel.post(APIS.produce, 8, { acks: 0, timeoutMs: 1, topicData: [] }, ({ sent }) =>
        outcomes.push(`${name}: ${sent ? 'posted' : 'not sent'}`),
      );
    },
    ids: () => sent.map(({ header }) => header.correlationId),
  };
}

const answer = (correlationId: number, errorCode = 0): Uint8Array =>
  encodeResponse(APIS.heartbeat, 3, correlationId, { errorCode });

describe('a channel', () => {
  test('numbers its requests and matches what comes', () => {
    const { channel, heartbeat, outcomes, ids, sent } = connect();
    heartbeat('a');
    heartbeat('b');
    expect(ids()).toEqual([1, 2]);
    expect(sent[0]?.header).toEqual({ apiKey: 12, apiVersion: 3, correlationId: 1, clientId: 'me' });
    channel.receive(Buffer.concat([answer(1, 27), answer(2)]));
    expect(outcomes).toEqual(['a: 27', 'b: 0']);
    expect(channel.inFlightCount).toBe(0);
  });

  test('keeps one in flight, and the others in their order', () => {
    const { channel, heartbeat, post, outcomes, ids } = connect({ inFlightMax: 1 });
    heartbeat('a');
    post('p');
    heartbeat('b');
    heartbeat('c');
    expect(ids()).toEqual([1]);
    expect(channel.queuedCount).toBe(3);
    channel.receive(answer(1));
    expect(ids()).toEqual([1, 2, 3]);
    channel.receive(answer(3));
    channel.receive(answer(4));
    expect(outcomes).toEqual(['a: 0', 'p: posted', 'b: 0', 'c: 0']);
  });

  test('a request that a callback makes goes behind those that wait', () => {
    const { channel, heartbeat, ids, sent } = connect({ inFlightMax: 1 });
    channel.request(APIS.heartbeat, 3, { groupId: 'a', generationId: 1, memberId: 'm' }, () =>
      heartbeat('c'),
    );
    heartbeat('b');
    channel.receive(answer(1));
    channel.receive(answer(2));
    expect(ids()).toEqual([1, 2, 3]);
    expect(sent.map(({ body }) => (body as { groupId: string }).groupId)).toEqual(['a', 'b', 'c']);
  });

  test('takes bytes in any pieces', () => {
    const { channel, heartbeat, outcomes } = connect();
    heartbeat('a');
    for (const byte of answer(1)) channel.receive(Uint8Array.of(byte));
    expect(outcomes).toEqual(['a: 0']);
  });

  test('reads the tags in the header of a flexible response', () => {
    const versions: unknown[] = [];
    const channel = new RequestChannel({ clientId: null, send: () => undefined });
    const record = (outcome: unknown) => versions.push(outcome);
    channel.request(APIS.listPartitionReassignments, 0, { topics: null }, record);
    channel.request(APIS.apiVersions, 3, {}, record);
    const body = { errorCode: 0, errorMessage: null, topics: [] };
    channel.receive(encodeResponse(APIS.listPartitionReassignments, 0, 1, body));
    channel.receive(encodeResponse(APIS.apiVersions, 3, 2, { errorCode: 0, apiKeys: [] }));
    expect(versions).toMatchObject([{ response: { topics: [] } }, { response: { apiKeys: [] } }]);
  });

  test('closing fails everything once, and says what may have been executed', () => {
    const { channel, heartbeat, post, outcomes, broken } = connect({ inFlightMax: 1 });
    heartbeat('a');
    heartbeat('b');
    post('p');
    channel.close('connection ended');
    channel.close('again');
    heartbeat('c');
    channel.receive(answer(1));
    expect(outcomes).toEqual([
      'a: connection ended, sent',
      'b: connection ended, not sent',
      'p: not sent',
      'c: connection ended, not sent',
    ]);
    expect(channel.isClosed).toBe(true);
    expect(broken).toEqual([]);
  });

  test('a request beyond the queue fails at once', () => {
    const { heartbeat, outcomes } = connect({ inFlightMax: 1, queuedMax: 1 });
    heartbeat('a');
    heartbeat('b');
    heartbeat('c');
    expect(outcomes).toEqual(['c: 1 requests wait already, not sent']);
  });

  test.each<[string, Uint8Array, string]>([
    ['another than was due', answer(2), 'a response to request 2; 1 was due'],
    ['cut short', answer(1).slice(0, -2).with(3, 8), 'ends'],
    ['too large', Uint8Array.of(0x7f, 0, 0, 0), 'a frame of'],
    ['too short for its header', Uint8Array.of(0, 0, 0, 1, 0), 'ends'],
  ])('a response that is %s ends the connection', (_, bytes, reason) => {
    const { channel, heartbeat, outcomes, broken } = connect();
    heartbeat('a');
    channel.receive(bytes);
    expect(channel.isClosed).toBe(true);
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain(reason);
    expect(outcomes).toEqual([`a: ${broken[0]}, sent`]);
  });

  test('a response that nobody asked for ends the connection', () => {
    const { channel, broken } = connect();
    channel.receive(answer(1));
    expect(broken).toEqual(['a response to request 1; none was due']);
  });

  test('what came whole before the damage is delivered', () => {
    const { channel, heartbeat, outcomes } = connect();
    heartbeat('a');
    heartbeat('b');
    channel.receive(Buffer.concat([answer(1), Uint8Array.of(0xff, 0xff, 0xff, 0xff)]));
    expect(outcomes[0]).toBe('a: 0');
    expect(outcomes[1]).toMatch(/^b: a frame of -1 bytes.*, sent$/);
  });

  test('a send that finds the connection dead', () => {
    const outcomes: unknown[] = [];
    const channel: RequestChannel = new RequestChannel({
      clientId: 'me',
      send: () => channel.close('reset'),
    });
    channel.request(APIS.heartbeat, 0, { groupId: 'g', generationId: 1, memberId: 'm' }, (outcome) =>
      outcomes.push(outcome),
    );
    expect(outcomes).toEqual([{ kind: 'failed', reason: 'reset', sent: true }]);
  });
});
