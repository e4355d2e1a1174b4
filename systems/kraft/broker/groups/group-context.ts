/**
 * What all modules of the group coordinator work with while one input is handled: the time, the rules, and what comes out.
 *
 *     context.reply('Heartbeat', replyTo, { errorCode: ERROR.NONE });
 *     context.append(group, [record], (outcome) => …);
 */
import { ERROR } from '../../wire/error-codes.ts';
import type { ErrorName } from '../../wire/error-codes.ts';
import type { AppendEffect, AppendOutcome, Instant } from '../coordinator-log.ts';
import { PendingAppends } from '../coordinator-log.ts';
import type { GroupApi, GroupEffect, GroupReply, ResponseFrom } from './group-calls.ts';
import type { GroupOptions } from './group-options.ts';
import type { GroupRecord } from './group-records.ts';
import { encodeGroupRecord } from './group-records.ts';
import type { Group } from './group.ts';
import { NO_BYTES } from './group.ts';
import type { GroupRules } from './rules.ts';

export interface GroupConfig {
  readonly options: GroupOptions;
  readonly rules: GroupRules;
  /** The random part of a new member's id. */
  readonly newUuid: () => string;
}

export class GroupContext {
  readonly options: GroupOptions;
  readonly rules: GroupRules;
  readonly newUuid: () => string;
  readonly appends = new PendingAppends();
  /** Groups whose deadlines may have come nearer. */
  readonly touched = new Set<Group>();
  now: Instant = { monotonicMs: 0, wallMs: 0 };
  private effects: GroupEffect[] = [];

  constructor(config: GroupConfig) {
    this.options = config.options;
    this.rules = config.rules;
    this.newUuid = config.newUuid;
  }

  get nowMs(): number {
    return this.now.monotonicMs;
  }

  reply<A extends GroupApi>(api: A, replyTo: number, response: ResponseFrom<A>): void {
    this.effects.push({ type: 'reply', replyTo, api, response } as GroupReply);
  }

  /** @param done - once, when the records are committed, or cannot be; never before this returns */
  append(
    group: Group,
    records: readonly GroupRecord[],
    done: (outcome: AppendOutcome) => void,
    producer: AppendEffect['producer'] = null,
  ): void {
    const encoded = records.map(encodeGroupRecord);
    const settled = (outcome: AppendOutcome): void => {
      this.touched.add(group);
      done(outcome);
    };
    this.effects.push(this.appends.begin(group.partition, encoded, settled, producer));
  }

  take(): readonly GroupEffect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }
}

/** Answers that carry an error and nothing else. */
export function refuseJoin(context: GroupContext, replyTo: number, memberId: string, error: ErrorName): void {
  const response = { errorCode: ERROR[error], protocolName: '', leader: '', memberId, members: [] };
  context.reply('JoinGroup', replyTo, response);
}

export function replySync(
  context: GroupContext,
  replyTo: number,
  error: ErrorName,
  assignment: Uint8Array = NO_BYTES,
): void {
  context.reply('SyncGroup', replyTo, { errorCode: ERROR[error], assignment });
}
