/**
 * Requests as no client sends them, of every API that brokers serve: bodies that can be read, of values that mostly cannot be meant,
 * and frames that are damaged.
 *
 *     const { name, frame } = new HostileRequests(1).next();
 *     new HostileRequests(1).damaged(frame);
 *
 * Values come from the schemas; names are often those of topics that are there, numbers of partitions often 0, so that requests get
 * past the first look. The same seed gives the same requests.
 */
import fc from 'fast-check';
import type { Random } from '../../../../../harness/random.ts';
import { randomStream } from '../../../../../harness/random.ts';
import { encodeGroupRecord } from '../../../broker/groups/group-records.ts';
import { encodeTransaction, TRANSACTION_STATES } from '../../../broker/transactions/transaction-records.ts';
import { OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../../../internal-topics.ts';
import { AT, batchAt } from '../../../records/batch.ts';
import { BatchBuilder } from '../../../records/batch-builder.ts';
import { CODEC } from '../../../records/compression.ts';
import type { NewRecord } from '../../../records/record.ts';
import { writeInt32 } from '../../../records/varint.ts';
import { servedApi } from '../../../wire/api-keys.ts';
import type { ApiName } from '../../../wire/apis.ts';
import { NAMED_APIS } from '../../../wire/apis.ts';
import { LENGTH_BYTES } from '../../../wire/frames.ts';
import { encodeRequest } from '../../../wire/requests.ts';
import type { Api, RequestInput } from '../../../wire/schema.ts';
import { bodyOf } from '../../../wire/testing/arbitrary.ts';

export interface HostileRequest {
  readonly name: ApiName;
  readonly version: number;
  readonly body: unknown;
  readonly frame: Uint8Array;
}

/** What an operator may do to a cluster: these would be obeyed. */
const OBEYED: ReadonlySet<ApiName> = new Set([
  'unregisterBroker',
  'addRaftVoter',
  'removeRaftVoter',
  'deleteTopics',
]);
/** Produce first, as its key is 0. */
const SERVED = NAMED_APIS.flatMap(({ name, api }) => {
  const served = servedApi('broker', api.key);
  return served === undefined || OBEYED.has(name) ? [] : [{ name, api, versions: served.accepted }];
}).sort((a, b) => a.api.key - b.api.key);
/** So many of all requests are to write: most of what lasts is written by them. */
const PRODUCES = 0.3;
const NAMES = ['orders', 'keyed', 'groups', OFFSETS_TOPIC, TRANSACTIONS_TOPIC, '', '__proto__', 't', 'g'];
const COUNTS = [-1, 0, 1, 3, 2_147_483_647];
const TIMES_MS = [-1, 0, 1, 50];
const PRODUCERS = [-1, 0, 7, 1000, Number.MAX_SAFE_INTEGER];
const EPOCHS = [-32_768, -1, 0, 1, 32_766, 32_767];

export class HostileRequests {
  private readonly random: Random;
  private readonly seed: number;
  private made = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = randomStream(seed, 'hostile');
  }

  /** Of all APIs in turn. */
  next(): HostileRequest {
    const { random } = this;
    const turn = this.random.chance(PRODUCES) ? 0 : this.made % SERVED.length;
    const { name, api, versions } = SERVED[turn] as (typeof SERVED)[number];
    const version = random.integer(versions.min, versions.max);
    const options = { numRuns: 1, seed: this.seed * 1_000_003 + this.made++ };
    const [sample] = fc.sample(bodyOf(api.request, version), options);
    const body = this.meant(sample, '');
    const identity = { correlationId: this.made, clientId: random.chance(0.3) ? '__admin_client' : 'x' };
    const frame = encodeRequest(api, version, identity, body as RequestInput<Api>);
    return { name, version, body, frame };
  }

  /** Some bytes are others, or are missing; the length is right, mostly. */
  damaged(frame: Uint8Array): Uint8Array {
    const { random } = this;
    const end = random.chance(0.3) ? random.integer(LENGTH_BYTES, frame.length) : frame.length;
    const bytes = frame.slice(0, end);
    for (let i = random.integer(1, 4); i > 0 && bytes.length > LENGTH_BYTES; i--) {
      bytes[random.integer(LENGTH_BYTES, bytes.length - 1)] = random.integer(0, 255);
    }
    const lengths = [0, -1, 1, 2_147_483_647, bytes.length + 10];
    writeInt32(bytes, 0, random.chance(0.1) ? random.pick(lengths) : bytes.length - LENGTH_BYTES);
    return bytes;
  }

  private meant(value: unknown, name: string): unknown {
    const { random } = this;
    if (Array.isArray(value)) return value.map((each) => this.meant(each, name));
    if (value instanceof Uint8Array) return name === 'records' ? this.records() : value;
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.meant(each, key)]));
    }
    if (typeof value === 'string' && name !== 'topicId' && /name|topic|group|transactional/i.test(name)) {
      return random.chance(0.8) ? random.pick(NAMES) : value;
    }
    if (typeof value !== 'number') return value;
    if (/timeout|wait/i.test(name)) return random.pick(TIMES_MS);
    if (name === 'acks') return random.pick([-1, -1, 0, 1, 2]);
    if (name === 'numPartitions' || name === 'count') return random.pick(COUNTS);
    if (/partition|index/i.test(name)) return random.chance(0.8) ? random.integer(0, 2) : value;
    if (name === 'producerId') return random.chance(0.8) ? random.pick(PRODUCERS) : value;
    if (name === 'producerEpoch') return random.chance(0.8) ? random.pick(EPOCHS) : value;
    return value;
  }

  private records(): Uint8Array {
    const { random } = this;
    const builder = new BatchBuilder({
      codec: random.pick(Object.values(CODEC)),
      ...(random.chance(0.4) && {
        ...{ producerId: random.pick(PRODUCERS), producerEpoch: random.pick(EPOCHS) },
        ...{ baseSequence: random.pick([-1, 0, 1, 2_147_483_647]), isTransactional: random.chance(0.5) },
      }),
      isControl: random.chance(0.1),
    });
    for (let i = random.integer(1, 3); i > 0; i--) builder.append(this.record());
    const bytes = builder.build();
    if (random.chance(0.5)) return bytes;
    const changes = random.integer(1, 3);
    for (let i = 0; i < changes; i++) {
      const at = random.chance(0.5)
        ? random.integer(AT.records, bytes.length - 1)
        : random.integer(0, bytes.length - 1);
      bytes[at] = random.integer(0, 255);
    }
    // With a right checksum: what then is wrong is found only by whoever looks.
    try {
      if (random.chance(0.7)) writeInt32(bytes, AT.crc, batchAt(bytes, 0).computeCrc());
    } catch {
      return bytes;
    }
    return bytes;
  }

  private record(): NewRecord {
    const { random } = this;
    const any = (): Uint8Array =>
      Uint8Array.from({ length: random.integer(0, 30) }, () => random.integer(0, 255));
    const timestampMs = random.pick([0, 1_700_000_000_000, -1]);
    const id = random.pick(NAMES);
    switch (random.integer(0, 2)) {
      case 0:
        return {
          key: random.chance(0.2) ? null : any(),
          value: random.chance(0.2) ? null : any(),
          timestampMs,
        };
      case 1: {
        const partitions = [{ topic: random.pick(NAMES), partition: random.pick([-1, 0, 1]) }];
        const epoch = random.pick(EPOCHS);
        const metadata = {
          producerId: random.pick(PRODUCERS),
          producerEpoch: epoch,
          state: random.pick(TRANSACTION_STATES),
        };
        const times = { timeoutMs: random.pick(TIMES_MS), startMs: random.pick(TIMES_MS), lastUpdateMs: 1 };
        return { ...encodeTransaction(id, { ...metadata, ...times, partitions }), timestampMs };
      }
      default: {
        const member = {
          ...{ memberId: random.pick(['m', 'n']), groupInstanceId: random.chance(0.5) ? null : 'i' },
          ...{ clientId: '', clientHost: '', subscription: any(), assignment: any() },
          ...{ rebalanceTimeoutMs: random.pick(TIMES_MS), sessionTimeoutMs: random.pick(TIMES_MS) },
        };
        const value = {
          ...{ protocolType: 'consumer', protocol: random.chance(0.2) ? null : 'range', currentStateMs: 1 },
          ...{ generation: random.pick(COUNTS), leader: random.pick(['m', null]), members: [member] },
        };
        return { ...encodeGroupRecord({ type: 'group', groupId: id, value }), timestampMs };
      }
    }
  }
}
