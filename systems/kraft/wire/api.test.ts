/** Every message in every version: round trips, and bytes that nobody meant. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedError, Reader, Writer } from './bytes.ts';
import { CONFIG_OPERATION, CONFIG_SOURCE, RESOURCE_TYPE } from './api/configs.ts';
import { COORDINATOR_TYPE } from './api/metadata.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from './api/offsets.ts';
import { ELECTION_TYPE } from './api/topics.ts';
import { NAMED_APIS } from './apis.ts';
import type { AnyMessage } from './schema.ts';
import { bodyOf } from './testing/arbitrary.ts';

const ROUND_TRIPS = 10;
const FUZZED = 15;

const MESSAGES = NAMED_APIS.flatMap(({ api }) => [api.request, api.response]).flatMap((message) => {
  const { min, max } = message.versions;
  return Array.from(
    { length: max - min + 1 },
    (_, i) => [`${message.name} ${min + i}`, message, min + i] as const,
  );
});

function encoded(message: AnyMessage, version: number, body: Record<string, unknown>): Uint8Array {
  const writer = new Writer();
  message.encode(writer, version, body);
  return writer.take();
}

/** A value, or null where the bytes are refused; nothing else may happen. */
function decodedOrRefused(message: AnyMessage, version: number, bytes: Uint8Array): unknown {
  try {
    return message.decode(new Reader(bytes), version);
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

test('there are as many as we mean', () => {
  expect(NAMED_APIS).toHaveLength(51);
  expect(MESSAGES.length).toBeGreaterThan(300);
});

describe('what is written is read', () => {
  test.each(MESSAGES)('%s', (_, message, version) => {
    fc.assert(
      fc.property(bodyOf(message, version), (body) => {
        const bytes = encoded(message, version, body);
        const reader = new Reader(bytes);
        const value = message.decode(reader, version);
        reader.finish();
        expect(value).toEqual(body);
        expect(encoded(message, version, value)).toEqual(bytes);
      }),
      { numRuns: ROUND_TRIPS },
    );
  });
});

/** Changes that an attacker or a broken disk makes: other bytes, large numbers, too little, too much. */
const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('byte', 'large', 'negative', 'cut', 'insert'),
  byte: fc.integer({ min: 0, max: 255 }),
});

function mutated(
  bytes: Uint8Array,
  changes: readonly { at: number; kind: string; byte: number }[],
): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (const { at, kind, byte } of changes) {
    const position = at % (result.length + 1);
    if (kind === 'byte' && position < result.length) result[position] = byte;
    else if (kind === 'large')
      result.set([0x7f, 0xff, 0xff, 0xff].slice(0, result.length - position), position);
    else if (kind === 'negative') result.fill(0xff, position, position + 4);
    else if (kind === 'cut') result = result.slice(0, position);
    else if (kind === 'insert') {
      result = Uint8Array.from([...result.slice(0, position), byte, byte, ...result.slice(position)]);
    }
  }
  return result;
}

describe('any bytes give a value or MalformedError', () => {
  test.each(MESSAGES)('%s', (_, message, version) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodedOrRefused(message, version, bytes);
      }),
      { numRuns: FUZZED },
    );
    fc.assert(
      fc.property(
        bodyOf(message, version),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        (body, changes) => {
          decodedOrRefused(message, version, mutated(encoded(message, version, body), changes));
        },
      ),
      { numRuns: FUZZED },
    );
  });

  test('a prefix is refused, or is whole by itself', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGES), fc.nat(), ([, message, version], seed) => {
        const [body] = fc.sample(bodyOf(message, version), { numRuns: 1, seed });
        const bytes = encoded(message, version, body ?? {});
        for (let length = 0; length < bytes.length; length++) {
          expect(decodedOrRefused(message, version, bytes.subarray(0, length))).toBeNull();
        }
      }),
      { numRuns: 100 },
    );
  });

  test('in time and memory that the bytes bound, not what they say', () => {
    const started = process.hrtime.bigint();
    const hostile = new Uint8Array(1 << 16).fill(0x7f);
    for (const [, message, version] of MESSAGES) decodedOrRefused(message, version, hostile);
    const zeros = new Uint8Array(1 << 16);
    for (const [, message, version] of MESSAGES) decodedOrRefused(message, version, zeros);
    const elapsedMs = Number(process.hrtime.bigint() - started) / 1e6;
    expect(elapsedMs).toBeLessThan(10_000);
  });
});

test('the numbers that have names are Kafka’s', () => {
  expect([LATEST_TIMESTAMP, EARLIEST_TIMESTAMP]).toEqual([-1, -2]);
  expect(RESOURCE_TYPE).toEqual({ topic: 2, broker: 4 });
  expect(CONFIG_SOURCE).toMatchObject({ topic: 1, staticBroker: 4, default: 5 });
  expect(CONFIG_OPERATION).toEqual({ set: 0, delete: 1, append: 2, subtract: 3 });
  expect(ELECTION_TYPE).toEqual({ preferred: 0, unclean: 1 });
  expect(COORDINATOR_TYPE).toEqual({ group: 0, transaction: 1 });
});
