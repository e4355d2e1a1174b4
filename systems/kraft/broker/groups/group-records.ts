/**
 * The records of `__consumer_offsets`, in Kafka's own bytes: what a group is, and which offsets it committed.
 *
 *     const record = encodeGroupRecord({ type: 'offset', groupId: 'g', topic: 'orders', partition: 0, value: null });
 *     decodeGroupRecord(record.key, record.value); // the same: a tombstone
 *
 *     key    version:i16 fields     0 and 1: an offset (group, topic, partition); 2: a group
 *     value  version:i16 fields     written: 3 of both, and 1 of an offset that has its own time to expire; older ones are read
 *
 * Keys of other kinds (of groups of the newer protocol) are not read, and what no coordinator can have written is refused.
 */
import { MalformedError, Reader, Writer } from '../../wire/bytes.ts';
import { array, bytes, int32, int64, message, string, struct } from '../../wire/schema.ts';
import type { Value } from '../../wire/schema.ts';
import type { LogRecord } from '../coordinator-log.ts';

export interface OffsetValue {
  readonly offset: number;
  /** −1 where the client did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  /** Milliseconds since 1970, as `expireMs`. */
  readonly commitMs: number;
  /** When the client said how long to keep it; −1: as the broker does. */
  readonly expireMs: number;
}

export interface MemberValue {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly subscription: Uint8Array;
  readonly assignment: Uint8Array;
}

export interface GroupValue {
  readonly protocolType: string;
  readonly generation: number;
  readonly protocol: string | null;
  readonly leader: string | null;
  /** Since when the group is in its state; −1 where an older version did not say. */
  readonly currentStateMs: number;
  readonly members: readonly MemberValue[];
}

/** A value of null is a tombstone. */
export type GroupRecord =
  | {
      readonly type: 'offset';
      readonly groupId: string;
      readonly topic: string;
      readonly partition: number;
      readonly value: OffsetValue | null;
    }
  | { readonly type: 'group'; readonly groupId: string; readonly value: GroupValue | null };

const offsetKey = message({
  name: 'OffsetCommitKey',
  versions: '0-1',
  flexible: 'none',
  fields: { group: string(), topic: string(), partition: int32() },
});

const offsetValue = message({
  name: 'OffsetCommitValue',
  versions: '0-3',
  flexible: 'none',
  fields: {
    offset: int64(),
    leaderEpoch: int32({ versions: '3+', default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64({ versions: '1', default: -1, ignorable: true }),
  },
});

const groupKey = message({
  name: 'GroupMetadataKey',
  versions: '2',
  flexible: 'none',
  fields: { group: string() },
});

const groupValue = message({
  name: 'GroupMetadataValue',
  versions: '0-3',
  flexible: 'none',
  fields: {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: '0+' }),
    leader: string({ nullable: '0+' }),
    currentStateTimestamp: int64({ versions: '2+', default: -1, ignorable: true }),
    members: array(
      struct({
        memberId: string(),
        groupInstanceId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
        clientId: string(),
        clientHost: string(),
        rebalanceTimeout: int32({ versions: '1+', default: -1, ignorable: true }),
        sessionTimeout: int32(),
        subscription: bytes(),
        assignment: bytes(),
      }),
    ),
  },
});

const OFFSET_KEY_VERSION = 1;
const GROUP_KEY_VERSION = 2;
const VALUE_VERSION = 3;
/** The only one that says when an offset expires. */
const EXPIRING_OFFSET_VERSION = 1;

function versioned(version: number, write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(128);
  writer.int16(version);
  write(writer);
  return writer.take();
}

/** @throws EncodeError */
export function encodeGroupRecord(record: GroupRecord): LogRecord {
  if (record.type === 'group') {
    const { groupId, value } = record;
    const key = versioned(GROUP_KEY_VERSION, (w) =>
      groupKey.encode(w, GROUP_KEY_VERSION, { group: groupId }),
    );
    return { key, value: value === null ? null : encodeGroupValue(value) };
  }
  const { groupId: group, topic, partition, value } = record;
  const key = versioned(OFFSET_KEY_VERSION, (w) =>
    offsetKey.encode(w, OFFSET_KEY_VERSION, { group, topic, partition }),
  );
  return { key, value: value === null ? null : encodeOffsetValue(value) };
}

function encodeOffsetValue(value: OffsetValue): Uint8Array {
  const { offset, leaderEpoch, metadata, commitMs, expireMs } = value;
  const version = expireMs === -1 ? VALUE_VERSION : EXPIRING_OFFSET_VERSION;
  return versioned(version, (writer) =>
    offsetValue.encode(writer, version, {
      offset,
      leaderEpoch,
      metadata,
      commitTimestamp: commitMs,
      expireTimestamp: expireMs,
    }),
  );
}

function encodeGroupValue(value: GroupValue): Uint8Array {
  const { currentStateMs, members, ...rest } = value;
  return versioned(VALUE_VERSION, (writer) =>
    groupValue.encode(writer, VALUE_VERSION, {
      ...rest,
      currentStateTimestamp: currentStateMs,
      members: members.map(({ rebalanceTimeoutMs, sessionTimeoutMs, ...member }) => ({
        ...member,
        rebalanceTimeout: rebalanceTimeoutMs,
        sessionTimeout: sessionTimeoutMs,
      })),
    }),
  );
}

/** @throws MalformedError */
export function decodeGroupRecord(key: Uint8Array, value: Uint8Array | null): GroupRecord {
  const reader = new Reader(key);
  const version = reader.int16();
  if (version === GROUP_KEY_VERSION) {
    const { group } = groupKey.decode(reader, version);
    return { type: 'group', groupId: group, value: value === null ? null : decodeGroupValue(value) };
  }
  const { group, topic, partition } = offsetKey.decode(reader, version);
  const decoded = value === null ? null : decodeOffsetValue(value);
  return { type: 'offset', groupId: group, topic, partition, value: decoded };
}

function decodeOffsetValue(bytesOfValue: Uint8Array): OffsetValue {
  const reader = new Reader(bytesOfValue);
  const value = offsetValue.decode(reader, reader.int16());
  const { offset, leaderEpoch, metadata, commitTimestamp, expireTimestamp } = value;
  return { offset, leaderEpoch, metadata, commitMs: commitTimestamp, expireMs: expireTimestamp };
}

function decodeGroupValue(bytesOfValue: Uint8Array): GroupValue {
  const reader = new Reader(bytesOfValue);
  const value = groupValue.decode(reader, reader.int16());
  const wrong = contradiction(value);
  if (wrong !== null) throw new MalformedError(wrong);
  const { currentStateTimestamp, members, ...rest } = value;
  return {
    ...rest,
    currentStateMs: currentStateTimestamp,
    members: members.map(({ rebalanceTimeout, sessionTimeout, ...member }) => ({
      ...member,
      // Before version 1 a member had its session to join again.
      rebalanceTimeoutMs: rebalanceTimeout === -1 ? sessionTimeout : rebalanceTimeout,
      sessionTimeoutMs: sessionTimeout,
    })),
  };
}

/** Why there was never such a group, or null. */
function contradiction({
  generation,
  protocolType,
  protocol,
  leader,
  members,
}: Value<typeof groupValue>): string | null {
  if (generation < 0) return `a group in generation ${generation}`;
  if (members.length === 0) return null;
  if (protocolType === '' || protocol === null) return 'a group whose members have no protocol';
  if (!members.some(({ memberId }) => memberId === leader)) return 'a group whose leader is no member';
  const instances = members.map(({ groupInstanceId }) => groupInstanceId).filter((id) => id !== null);
  const isTwice = (names: readonly string[]): boolean => new Set(names).size < names.length;
  return isTwice(members.map(({ memberId }) => memberId)) || isTwice(instances)
    ? 'a group that has a member twice'
    : null;
}
