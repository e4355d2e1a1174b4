/**
 * Consumer groups as `kafka-consumer-groups --describe` prints them.
 *
 *     offsetTable([{ group: 'g', topic: 't', partition: 0, offset: 3, leaderEpoch: 0, end: 5, member: null }], false)
 */
import { wideTable } from './table.ts';

export interface GroupPartition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Null: nothing is committed. */
  readonly offset: number | null;
  /** Of the last record before it, where whoever committed said it. */
  readonly leaderEpoch: number | null;
  /** Null: it could not be learnt. */
  readonly end: number | null;
  /** Who has the partition; null: nobody. */
  readonly member: GroupMemberFacts | null;
}

export interface GroupMemberFacts {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly host: string;
  readonly clientId: string;
  /** `topic:0,1`, several with semicolons. */
  readonly assignment: string;
  readonly partitionCount: number;
}

const MISSING = '-';
const or = (value: number | null): string => (value === null ? MISSING : String(value));

export function offsetTable(rows: readonly GroupPartition[], isVerbose: boolean): string[] {
  const epoch = <T>(cell: T): T[] => (isVerbose ? [cell] : []);
  return wideTable(
    [15, 15, -10, ...epoch(-15), -15, -15, -15, 15, 15],
    [
      ...['GROUP', 'TOPIC', 'PARTITION', ...epoch('LEADER-EPOCH')],
      ...['CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'CONSUMER-ID', 'HOST', 'CLIENT-ID'],
    ],
    rows.map(({ group, topic, partition, offset, leaderEpoch, end, member }) => [
      ...[group, topic, String(partition), ...epoch(or(leaderEpoch)), or(offset), or(end)],
      or(offset === null || end === null ? null : end - offset),
      ...[member?.memberId ?? MISSING, member?.host ?? MISSING, member?.clientId ?? MISSING],
    ]),
  );
}

type Column = readonly [title: string, width: number, of: (member: GroupMemberFacts) => string];

/** Epochs and targets are of groups that the coordinator assigns (KIP-848), which are not here. */
export function memberTable(
  group: string,
  members: readonly GroupMemberFacts[],
  isVerbose: boolean,
): string[] {
  const hasInstances = members.some(({ instanceId }) => instanceId !== null);
  const columns: Column[] = [
    ['GROUP', 15, () => group],
    ['CONSUMER-ID', 15, ({ memberId }) => memberId],
  ];
  if (hasInstances) columns.push(['GROUP-INSTANCE-ID', 17, ({ instanceId }) => instanceId ?? '']);
  columns.push(
    ['HOST', 15, ({ host }) => host],
    ['CLIENT-ID', 15, ({ clientId }) => clientId],
    ['#PARTITIONS', -15, ({ partitionCount }) => String(partitionCount)],
  );
  if (isVerbose)
    columns.push(
      ['CURRENT-EPOCH', -15, () => MISSING],
      ['CURRENT-ASSIGNMENT', 20, ({ assignment }) => (assignment === '' ? MISSING : assignment)],
      ['TARGET-EPOCH', -15, () => MISSING],
      ['TARGET-ASSIGNMENT', 20, () => MISSING],
    );
  return wideTable(
    columns.map(([, width]) => width),
    columns.map(([title]) => title),
    members.map((member) => columns.map(([, , of]) => of(member))),
  );
}

export interface GroupState {
  readonly group: string;
  readonly coordinator: string;
  readonly strategy: string;
  readonly state: string;
  readonly memberCount: number;
}

export function stateTable(
  { group, coordinator, strategy, state, memberCount }: GroupState,
  isVerbose: boolean,
): string[] {
  const epochs = <T>(...cells: T[]): T[] => (isVerbose ? cells : []);
  const header = [
    ...['GROUP', 'COORDINATOR (ID)', 'ASSIGNMENT-STRATEGY', 'STATE'],
    ...epochs('GROUP-EPOCH', 'TARGET-ASSIGNMENT-EPOCH'),
    '#MEMBERS',
  ];
  const row = [group, coordinator, strategy === '' ? MISSING : strategy, state];
  return wideTable([15, 25, -20, -20, ...epochs(-15, -25)], header, [
    [...row, ...epochs(MISSING, MISSING), String(memberCount)],
  ]);
}
