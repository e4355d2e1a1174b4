/**
 * Metadata records as bytes: the value of each record of the metadata log and of its snapshots.
 *
 *     const bytes = encodeRecord({ type: 'no-op' });   // 01 14 00 00
 *     decodeRecord(bytes);                             // { type: 'no-op' }
 *
 *     value          frameVersion recordType recordVersion fields
 *     frameVersion   unsignedVarint: 1
 *     recordType     unsignedVarint: RECORD_IDS
 *     recordVersion  unsignedVarint
 *     fields         in Kafka's flexible encoding (record-schemas.ts)
 */
import { EncodeError, MalformedError, Reader, Writer } from '../wire/bytes.ts';
import type { LeaderRecovery, MetadataRecord, PartitionChangeRecord, Uuid } from './metadata-records.ts';
import { RECORD_IDS, UNASSIGNED_DIRECTORY } from './metadata-records.ts';
import * as schemas from './record-schemas.ts';

const FRAME_VERSION = 1;

/** The version in which each record is written: the latest that Kafka 4.0 knows. */
const RECORD_VERSIONS: Partial<Record<MetadataRecord['type'], number>> = {
  'register-broker': 3,
  partition: 2,
  'partition-change': 2,
  'broker-registration-change': 2,
};

const BY_ID = {
  0: schemas.registerBroker,
  1: schemas.unregisterBroker,
  2: schemas.topic,
  3: schemas.partition,
  4: schemas.config,
  5: schemas.partitionChange,
  7: schemas.fenceBroker,
  8: schemas.fenceBroker,
  9: schemas.removeTopic,
  12: schemas.featureLevel,
  15: schemas.producerIds,
  17: schemas.brokerRegistrationChange,
  20: schemas.noOp,
} as const;

const recoveryCode = (state: LeaderRecovery): number => (state === 'recovering' ? 1 : 0);

function recoveryState(code: number): LeaderRecovery {
  if (code !== 0 && code !== 1) throw new MalformedError(`a leader recovery state ${code}`);
  return code === 1 ? 'recovering' : 'recovered';
}

/** @throws EncodeError */
export function encodeRecord(record: MetadataRecord): Uint8Array {
  const writer = new Writer(128);
  const version = RECORD_VERSIONS[record.type] ?? 0;
  writer.unsignedVarint(FRAME_VERSION);
  writer.unsignedVarint(RECORD_IDS[record.type]);
  writer.unsignedVarint(version);
  switch (record.type) {
    case 'register-broker':
      schemas.registerBroker.encode(writer, version, record);
      break;
    case 'unregister-broker':
      schemas.unregisterBroker.encode(writer, version, record);
      break;
    case 'topic':
      schemas.topic.encode(writer, version, record);
      break;
    case 'partition': {
      const { leaderRecoveryState, eligibleLeaderReplicas, lastKnownElr, ...rest } = record;
      schemas.partition.encode(writer, version, {
        ...rest,
        leaderRecoveryState: recoveryCode(leaderRecoveryState),
        eligibleLeaderReplicas: eligibleLeaderReplicas.length > 0 ? eligibleLeaderReplicas : null,
        lastKnownElr: lastKnownElr.length > 0 ? lastKnownElr : null,
      });
      break;
    }
    case 'config':
      schemas.config.encode(writer, version, record);
      break;
    case 'partition-change': {
      const { leaderRecoveryState, ...rest } = record;
      const code = leaderRecoveryState === undefined ? undefined : recoveryCode(leaderRecoveryState);
      if (record.leader === -2) throw new EncodeError('a leader -2, which means that there is no change');
      schemas.partitionChange.encode(writer, version, { ...rest, leaderRecoveryState: code });
      break;
    }
    case 'fence-broker':
    case 'unfence-broker':
      schemas.fenceBroker.encode(writer, version, record);
      break;
    case 'remove-topic':
      schemas.removeTopic.encode(writer, version, record);
      break;
    case 'feature-level':
      schemas.featureLevel.encode(writer, version, record);
      break;
    case 'producer-ids':
      schemas.producerIds.encode(writer, version, record);
      break;
    case 'broker-registration-change': {
      const { fenced, inControlledShutdown, logDirs } = record;
      schemas.brokerRegistrationChange.encode(writer, version, {
        brokerId: record.brokerId,
        brokerEpoch: record.brokerEpoch,
        fenced: fenced === undefined ? 0 : fenced ? 1 : -1,
        inControlledShutdown: inControlledShutdown === true ? 1 : 0,
        logDirs: logDirs ?? [],
      });
      break;
    }
    case 'no-op':
      schemas.noOp.encode(writer, version, {});
  }
  return writer.take();
}

/**
 * @throws MalformedError
 */
export function decodeRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new Reader(bytes);
  const frameVersion = reader.unsignedVarint();
  if (frameVersion !== FRAME_VERSION)
    throw new MalformedError(`a metadata record of frame version ${frameVersion}`);
  const id = reader.unsignedVarint();
  const version = reader.unsignedVarint();
  const record = decodeFields(reader, id, version);
  reader.finish();
  return record;
}

function decodeFields(reader: Reader, id: number, version: number): MetadataRecord {
  if (!isKnown(id)) throw new MalformedError(`a metadata record of type ${id}`);
  switch (id) {
    case 0: {
      const { isMigratingZkBroker, ...rest } = BY_ID[id].decode(reader, version);
      if (isMigratingZkBroker) throw new MalformedError('a broker that migrates from ZooKeeper');
      return { type: 'register-broker', ...rest };
    }
    case 1:
      return { type: 'unregister-broker', ...BY_ID[id].decode(reader, version) };
    case 2:
      return { type: 'topic', ...BY_ID[id].decode(reader, version) };
    case 3: {
      const fields = BY_ID[id].decode(reader, version);
      const { replicas, leaderRecoveryState, directories, eligibleLeaderReplicas, lastKnownElr } = fields;
      checkDirectories(replicas, directories);
      return {
        type: 'partition',
        ...fields,
        leaderRecoveryState: recoveryState(leaderRecoveryState),
        directories: directories.length > 0 ? directories : replicas.map(() => UNASSIGNED_DIRECTORY),
        eligibleLeaderReplicas: eligibleLeaderReplicas ?? [],
        lastKnownElr: lastKnownElr ?? [],
      };
    }
    case 4:
      return { type: 'config', ...BY_ID[id].decode(reader, version) };
    case 5:
      return decodeChange(reader, version);
    case 7:
      return { type: 'fence-broker', ...BY_ID[id].decode(reader, version) };
    case 8:
      return { type: 'unfence-broker', ...BY_ID[id].decode(reader, version) };
    case 9:
      return { type: 'remove-topic', ...BY_ID[id].decode(reader, version) };
    case 12:
      return { type: 'feature-level', ...BY_ID[id].decode(reader, version) };
    case 15:
      return { type: 'producer-ids', ...BY_ID[id].decode(reader, version) };
    case 17: {
      const { fenced, inControlledShutdown, logDirs, ...rest } = BY_ID[id].decode(reader, version);
      return {
        type: 'broker-registration-change',
        ...rest,
        ...(fenced === 0 ? {} : { fenced: fenced > 0 }),
        ...(inControlledShutdown === 0 ? {} : { inControlledShutdown: true }),
        ...(logDirs.length === 0 ? {} : { logDirs }),
      };
    }
    case 20:
      BY_ID[id].decode(reader, version);
      return { type: 'no-op' };
  }
}

const isKnown = (id: number): id is keyof typeof BY_ID => id in BY_ID;

function checkDirectories(replicas: readonly number[], directories: readonly Uuid[]): void {
  if (directories.length > 0 && directories.length !== replicas.length) {
    throw new MalformedError(`${directories.length} directories of ${replicas.length} replicas`);
  }
}

function decodeChange(reader: Reader, version: number): PartitionChangeRecord {
  const fields = schemas.partitionChange.decode(reader, version);
  const { partitionId, topicId, leader, leaderRecoveryState, replicas, directories, ...lists } = fields;
  if (replicas !== null && directories !== null) checkDirectories(replicas, directories);
  const changed = Object.entries({ ...lists, replicas, directories }).filter(([, value]) => value !== null);
  return {
    type: 'partition-change',
    partitionId,
    topicId,
    ...(Object.fromEntries(changed) as Partial<PartitionChangeRecord>),
    ...(leader === -2 ? {} : { leader }),
    ...(leaderRecoveryState === -1 ? {} : { leaderRecoveryState: recoveryState(leaderRecoveryState) }),
  };
}
