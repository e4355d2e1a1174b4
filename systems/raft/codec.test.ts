import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../harness/history/operation.ts';
import { MalformedError, Reader, Writer } from './bytes.ts';
import { newEntry } from './log.ts';
import type { Message } from './messages.ts';
import { decodeMessage, encodeMessage } from './messages.ts';
import type { Payload } from './payload.ts';
import { decodePayload, encodePayload } from './payload.ts';
import {
  decodeReply,
  decodeRequest,
  encodePosition,
  encodeProposal,
  encodeRead,
  encodeReadReply,
  encodeRefusal,
  FrameReader,
  requestIdOf,
} from './protocol.ts';
import { jsonEqual, MAX_DEPTH, readValue, writeValue } from './values.ts';

const natural = fc.oneof(fc.nat(300), fc.maxSafeNat());
const bytes = fc.uint8Array({ maxLength: 200 });
// Lone surrogates have no UTF-8.
const text = fc.string({ unit: 'grapheme', maxLength: 60 });
const json = fc.jsonValue({ stringUnit: 'grapheme', maxDepth: 4 }).map((value) => value as Json);

const command = fc
  .record({
    session: natural,
    sequence: natural,
    key: text,
    value: json,
    expected: json,
    op: fc.constantFrom('write' as const, 'cas' as const, 'append' as const, 'delete' as const),
  })
  .map(({ op, value, expected, ...rest }): Payload => ({
    kind: 'command',
    op,
    ...rest,
    value: op === 'delete' ? null : value,
    expected: op === 'cas' ? expected : null,
  }));
const payload: fc.Arbitrary<Payload> = fc.oneof(
  command,
  natural.map((nonce): Payload => ({ kind: 'register', nonce })),
  fc.constant<Payload>({ kind: 'noop' }),
);

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('pre-vote' as const, 'vote' as const),
    term: natural,
    lastIndex: natural,
    lastTerm: natural,
  }),
  fc.record({
    kind: fc.constantFrom('pre-vote-reply' as const, 'vote-reply' as const),
    term: natural,
    granted: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('append' as const),
    term: natural,
    prevIndex: natural,
    prevTerm: natural,
    commit: natural,
    round: natural,
    entries: fc.array(fc.tuple(natural, bytes).map(([term, data]) => newEntry(term, data))),
  }),
  fc.record({ term: natural, round: natural, verified: natural, match: natural }).map((fields): Message => ({
    kind: 'append-reply',
    rejected: false,
    prevIndex: 0,
    hintIndex: 0,
    hintTerm: 0,
    hintFirst: 0,
    ...fields,
  })),
  fc
    .record({
      term: natural,
      round: natural,
      prevIndex: natural,
      hintIndex: natural,
      hintTerm: natural,
      hintFirst: natural,
    })
    .map((fields): Message => ({ kind: 'append-reply', rejected: true, verified: 0, match: 0, ...fields })),
  fc.record({
    kind: fc.constant('snapshot' as const),
    term: natural,
    round: natural,
    index: natural,
    snapshotTerm: natural,
    totalBytes: natural,
    checksum: fc.nat(0xffff_ffff),
    offsetBytes: natural,
    chunk: bytes,
  }),
  fc.record({
    kind: fc.constant('snapshot-reply' as const),
    term: natural,
    round: natural,
    index: natural,
    offsetBytes: natural,
    installed: fc.boolean(),
  }),
);

/** Any bytes, and good ones with a few changed: those get further. */
const damaged = (good: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    bytes,
    fc
      .tuple(good, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
      .map(([data, edits, cut]) => {
        const copy = data.slice(0, cut % 3 === 0 ? cut % (data.length + 1) : data.length);
        for (const [at, value] of edits) if (copy.length > 0) copy[at % copy.length] = value;
        return copy;
      }),
  );

/** Decodes or throws MalformedError; anything else is a crash. */
function survives(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedError);
  }
}

describe('primitives', () => {
  test('every integer comes back', () => {
    const check = (value: number): void => {
      const writer = new Writer(1);
      writer.varint(value);
      const reader = new Reader(writer.take());
      expect(reader.varint()).toBe(value);
      reader.finish();
    };
    for (const value of [0, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])
      check(value);
    fc.assert(fc.property(fc.maxSafeNat(), check));
  });

  test('an integer beyond 2^53 and one that never ends are malformed', () => {
    expect(() => new Reader(new Uint8Array(9).fill(0xff)).varint()).toThrow(MalformedError);
    expect(() => new Reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f)).varint()).toThrow(
      MalformedError,
    );
    expect(() => new Reader(Uint8Array.of(0x80)).varint()).toThrow(MalformedError);
  });

  test('text comes back', () => {
    fc.assert(
      fc.property(
        fc.oneof(text, fc.string({ unit: 'grapheme', minLength: 100, maxLength: 300 })),
        (value) => {
          const writer = new Writer(1);
          writer.string(value);
          expect(new Reader(writer.take()).string()).toBe(value);
        },
      ),
    );
  });

  test('text that is not UTF-8 is malformed', () => {
    expect(() => new Reader(Uint8Array.of(2, 0xc3, 0x28)).string()).toThrow(MalformedError);
  });
});

describe('values', () => {
  test('come back, equal values as equal bytes', () => {
    fc.assert(
      fc.property(json, (value) => {
        const writer = new Writer(1);
        writeValue(writer, value);
        const encoded = writer.take();
        const decoded = readValue(new Reader(encoded));
        expect(jsonEqual(decoded, value)).toBe(true);
        writeValue(writer, decoded);
        expect(writer.take()).toEqual(encoded);
      }),
    );
  });

  test('the order of names does not matter', () => {
    const encode = (value: Json): Uint8Array => {
      const writer = new Writer();
      writeValue(writer, value);
      return writer.take();
    };
    expect(encode({ a: 1, b: [2] })).toEqual(encode({ b: [2], a: 1 }));
    expect(jsonEqual({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
    expect(jsonEqual({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(jsonEqual([1, 2], [1])).toBe(false);
    expect(jsonEqual({ a: 1 }, [1])).toBe(false);
  });

  test('a value nested too deep is refused both ways', () => {
    let value: Json = 0;
    for (let i = 0; i <= MAX_DEPTH; i++) value = [value];
    expect(() => writeValue(new Writer(), value)).toThrow(MalformedError);
    const nested = new Uint8Array(10_000).map((_, i) => (i % 2 === 0 ? 7 : 1));
    expect(() => readValue(new Reader(nested))).toThrow(MalformedError);
  });

  test('what is no JSON number is refused', () => {
    expect(() => writeValue(new Writer(), Infinity)).toThrow(MalformedError);
    expect(() => writeValue(new Writer(), NaN)).toThrow(MalformedError);
  });
});

describe('payloads', () => {
  test('come back', () => {
    fc.assert(
      fc.property(payload, (value) => {
        expect(decodePayload(encodePayload(value))).toEqual(normalized(value));
      }),
    );
  });

  test('any bytes are a payload or malformed', () => {
    fc.assert(
      fc.property(damaged(payload.map(encodePayload)), (data) => survives(() => decodePayload(data))),
    );
  });
});

/** −0 is written as 0: JSON does not tell them apart. */
const normalized = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('messages', () => {
  test('come back', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeMessage(encodeMessage(value))).toEqual(value);
      }),
    );
  });

  test('any bytes are a message or malformed', () => {
    fc.assert(
      fc.property(damaged(message.map(encodeMessage)), (data) => survives(() => decodeMessage(data))),
      { numRuns: 2000 },
    );
  });

  test('a count of entries beyond the bytes is refused at once', () => {
    const writer = new Writer();
    for (const value of [5, 1, 0, 0, 0, 0]) writer.varint(value);
    writer.varint(Number.MAX_SAFE_INTEGER);
    expect(() => decodeMessage(writer.take())).toThrow(MalformedError);
  });
});

describe('client protocol', () => {
  const frameOf = (frame: Uint8Array): Uint8Array => frame.subarray(4);

  test('requests come back; a proposal keeps the payload as it was', () => {
    fc.assert(
      fc.property(natural, command, (requestId, value) => {
        const request = decodeRequest(frameOf(encodeProposal(requestId, value)));
        expect(request).toMatchObject({ kind: 'propose', requestId, payload: normalized(value) });
        if (request.kind === 'propose') expect(request.bytes).toEqual(encodePayload(value));
      }),
    );
    fc.assert(
      fc.property(natural, text, (requestId, key) => {
        expect(decodeRequest(frameOf(encodeRead(requestId, key)))).toEqual({ kind: 'read', requestId, key });
      }),
    );
  });

  test('a client cannot propose a no-op', () => {
    expect(() => decodeRequest(frameOf(encodeProposal(1, { kind: 'noop' })))).toThrow(MalformedError);
  });

  test('replies come back', () => {
    const none = { term: 0, index: 0, value: null, leader: null };
    expect(decodeReply(frameOf(encodePosition(7, 1, 2, 300)))).toEqual({
      ...none,
      requestId: 7,
      code: 1,
      term: 2,
      index: 300,
    });
    expect(decodeReply(frameOf(encodeReadReply(8, ['a'])))).toEqual({
      ...none,
      requestId: 8,
      code: 0,
      value: ['a'],
    });
    expect(decodeReply(frameOf(encodeRefusal(9, 10, 'n2')))).toEqual({
      ...none,
      requestId: 9,
      code: 10,
      leader: 'n2',
    });
    expect(decodeReply(frameOf(encodeRefusal(9, 20, null)))).toEqual({ ...none, requestId: 9, code: 20 });
  });

  test('any bytes are a request or a reply, or malformed', () => {
    const requests = fc.tuple(natural, command).map(([id, value]) => frameOf(encodeProposal(id, value)));
    fc.assert(
      fc.property(damaged(requests), (data) => {
        survives(() => decodeRequest(data));
        survives(() => decodeReply(data));
        expect(requestIdOf(data)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('frames come out however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 6 }), fc.array(fc.nat(40)), (commands, cuts) => {
        const frames = commands.map((value, i) => encodeProposal(i, value));
        const stream = Uint8Array.from(frames.flatMap((frame) => [...frame]));
        const seen: Uint8Array[] = [];
        const reader = new FrameReader(100_000, (bytes, begin, end) => seen.push(bytes.slice(begin, end)));
        let at = 0;
        for (const cut of cuts) {
          reader.push(stream.slice(at, at + cut));
          at += cut;
        }
        reader.push(stream.slice(at));
        expect(seen).toEqual(frames.map((frame) => frame.slice(4)));
      }),
    );
  });

  test('a frame beyond the limit is refused before it has come', () => {
    const reader = new FrameReader(100, () => undefined);
    expect(() => reader.push(Uint8Array.of(101, 0, 0, 0))).toThrow(MalformedError);
  });
});
