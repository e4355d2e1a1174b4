/**
 * Runs a transcript of the group coordinator: commands, each followed by what it printed: records as they are appended, and answers
 * as they come.
 *
 *     > join a
 *     a is a-1
 *
 * Commands: `group [option=N …] [bug=NAME]`; of a member NAME: `join NAME [instance=I] [version=N] [protocols=a,b]`,
 * `sync NAME [generation=N]`, `beat NAME [generation=N]`, `leave NAME [version=N]`,
 * `commit NAME PARTITION OFFSET [generation=N] [metadata=LENGTH] [retention=MS]`,
 * `txn-commit PRODUCER PARTITION OFFSET`, `marker PRODUCER commit|abort`, `fetch`, `stable` (the partitions one after the other), `describe`, `list`, `delete`,
 * `hold`, `replicate [BATCHES]`, `fail ERROR`, `failover [BATCHES KEPT]`, `reload` and `loaded`, `elapse MS`.
 */
import { replayTranscript } from '../../../../testing/transcripts.ts';
import { errorName } from '../../../wire/error-codes.ts';
import type { AppendError, LogRecord } from '../../coordinator-log.ts';
import { groupRulesWith } from '../bugs.ts';
import { decodeGroupRecord } from '../group-records.ts';
import { fetchCommitted, fetchStable, GROUP, GroupMember } from './group-member.ts';
import { GroupRig } from './group-rig.ts';

export function runGroupTranscript(text: string): string {
  const lines: string[] = [];
  const player = new Player((line) => lines.push(line));
  return replayTranscript(text, (words) => {
    player.play(words);
    return lines.splice(0);
  });
}

export function recordLine(offset: number, { key, value }: LogRecord): string {
  const record = decodeGroupRecord(key, value);
  if (record.type === 'offset') {
    const what = `${record.topic}-${record.partition}`;
    return `${offset} offset ${what}${record.value === null ? ' removed' : ` = ${record.value.offset}`}`;
  }
  if (record.value === null) return `${offset} group removed`;
  const { generation, leader, members } = record.value;
  const parts = members.map(({ memberId, assignment }) => `${memberId}:[${[...assignment].join(' ')}]`);
  return `${offset} group generation ${generation}, leader ${leader ?? 'none'}, ${parts.join(' ') || 'nobody'}`;
}

class Player {
  private rig: GroupRig;
  private readonly members = new Map<string, GroupMember>();
  private readonly say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.say = say;
    this.rig = this.create(new Map());
  }

  private create(settings: ReadonlyMap<string, string>): GroupRig {
    const { bug, ...options } = Object.fromEntries(settings);
    const numbers = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, Number(value)]));
    const rig = new GroupRig(numbers, groupRulesWith(bug === undefined ? [] : [bug]));
    rig.onAppend = (offset, record) => this.say(recordLine(offset, record));
    this.members.clear();
    return rig;
  }

  private member(name: string, instanceId: string | null = null): GroupMember {
    let member = this.members.get(name);
    if (member === undefined) {
      member = new GroupMember(this.rig, name, instanceId);
      member.say = this.say;
      this.members.set(name, member);
    }
    return member;
  }

  play([command = '', ...args]: readonly string[]): void {
    const settings = new Map(
      args.filter((a) => a.includes('=')).map((a) => a.split(/=(.*)/s) as [string, string]),
    );
    const words = args.filter((a) => !a.includes('='));
    const [first = '', second = '', third = ''] = words;
    const number = (name: string, fallback: number): number => Number(settings.get(name) ?? fallback);
    const { rig } = this;
    switch (command) {
      case 'group':
        this.rig = this.create(settings);
        return;
      case 'join': {
        const protocols = settings.get('protocols')?.split(',') ?? ['range'];
        return this.member(first, settings.get('instance') ?? null).join(number('version', 5), protocols);
      }
      case 'sync':
      case 'beat': {
        const member = this.member(first);
        return member[command](number('generation', member.generation));
      }
      case 'leave':
        return this.member(first).leave(number('version', 3));
      case 'commit': {
        const member = this.member(first);
        return member.commit(Number(second), Number(third), {
          generation: number('generation', member.generation),
          metadata: 'm'.repeat(number('metadata', 0)),
          retentionTimeMs: number('retention', -1),
        });
      }
      case 'txn-commit':
        return this.member('').commitInTransaction(Number(first), Number(second), Number(third));
      case 'marker':
        return rig.marker(Number(first), second === 'abort' ? 'abort' : 'commit');
      case 'hold':
        rig.isHeld = true;
        return;
      case 'replicate':
        if (first === '') rig.isHeld = false;
        return rig.replicate(first === '' ? Infinity : Number(first));
      case 'fail':
        return rig.fail(first as AppendError);
      case 'failover':
        rig.isHeld = false;
        return rig.failover(Number(first));
      case 'reload':
        rig.coordinator = rig.load(false);
        return;
      case 'loaded':
        return rig.finishLoading(rig.coordinator);
      case 'elapse':
        return rig.elapse(Number(first));
      default:
        return this.ask(command);
    }
  }

  private ask(command: string): void {
    const { rig, say } = this;
    switch (command) {
      case 'fetch': {
        const offsets = fetchCommitted(rig);
        if (typeof offsets === 'string') return say(offsets);
        return say(
          [...offsets].map(([partition, offset]) => `${partition}=${offset}`).join(' ') || 'nothing',
        );
      }
      case 'stable':
        return say(fetchStable(rig)?.join(' ') ?? 'no answer');
      case 'describe':
        return rig.call(
          'DescribeGroups',
          { groups: [GROUP], includeAuthorizedOperations: false },
          (response) => {
            for (const { errorCode, groupState, protocolType, protocolData, members } of response.groups) {
              const ids = members.map(
                (member) => `${member.memberId}:[${[...member.memberAssignment].join(' ')}]`,
              );
              say(
                [errorName(errorCode), groupState, protocolType, protocolData, ...ids]
                  .filter(Boolean)
                  .join(' '),
              );
            }
          },
        );
      case 'list':
        return rig.call('ListGroups', {}, ({ errorCode, groups }) => {
          const names = groups.map(({ groupId, protocolType }) => `${groupId} (${protocolType})`);
          say([errorName(errorCode), ...names].join(' '));
        });
      case 'delete':
        return rig.call('DeleteGroups', { groupsNames: [GROUP] }, ({ results }) => {
          for (const { groupId, errorCode } of results) say(`delete ${groupId}: ${errorName(errorCode)}`);
        });
      default:
        say(`no command ${command}`);
    }
  }
}
