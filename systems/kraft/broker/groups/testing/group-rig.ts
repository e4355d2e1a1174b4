/**
 * A group coordinator with a log: one partition of `__consumer_offsets`, whose uncommitted end can be lost, and coordinators one after
 * the other. What is appended is committed at once unless it is held.
 *
 *     const rig = new GroupRig();
 *     rig.call('Heartbeat', { groupId: 'g', … }, (response) => …);
 *     rig.isHeld = true; …; rig.replicate();     // what is appended waits, and is committed
 *     rig.failover(1);                           // a new leader has one of the uncommitted batches, and loads
 */
import { MalformedError } from '../../../wire/bytes.ts';
import type { AppendEffect, AppendError, Instant, LogRecord } from '../../coordinator-log.ts';
import type { GroupApi, GroupCall, GroupEffect, RequestTo, ResponseFrom } from '../group-calls.ts';
import type { GroupOptions } from '../group-options.ts';
import { DEFAULT_GROUP_OPTIONS } from '../group-options.ts';
import type { LoadedGroupRecord } from '../group-coordinator.ts';
import { GroupCoordinator } from '../group-coordinator.ts';
import { nextDeadlineMs } from '../group-timers.ts';
import type { GroupRules } from '../rules.ts';
import { correctRules } from '../rules.ts';

export interface LogEntry {
  readonly record: LogRecord | null;
  readonly producerId: number | null;
  readonly marker: 'commit' | 'abort' | null;
}

export const PARTITION = 0;
/** Wall clocks are not monotonic clocks: nothing may work because they agree. */
const WALL_AHEAD_MS = 1_700_000_000_000;

export class GroupRig {
  readonly options: GroupOptions;
  readonly rules: GroupRules;
  coordinator: GroupCoordinator;
  nowMs = 1_000;
  isHeld = false;
  log: LogEntry[] = [];
  committed = 0;
  /** Records that were none, as they were loaded. */
  skipped = 0;
  onAppend: (offset: number, record: LogRecord) => void = () => undefined;
  private pending: { readonly append: AppendEffect; readonly baseOffset: number }[] = [];
  private readonly waiting = new Map<number, (response: unknown) => void>();
  private replies = 0;
  private uuids = 0;

  constructor(options: Partial<GroupOptions> = {}, rules: GroupRules = correctRules) {
    this.options = { ...DEFAULT_GROUP_OPTIONS, offsetsPartitionCount: 1, ...options };
    this.rules = rules;
    this.coordinator = this.load();
  }

  get now(): Instant {
    return { monotonicMs: this.nowMs, wallMs: WALL_AHEAD_MS + this.nowMs };
  }

  get pendingAppends(): number {
    return this.pending.length;
  }

  /** How many calls were not answered. */
  get unanswered(): number {
    return this.waiting.size;
  }

  call<A extends GroupApi>(
    api: A,
    request: RequestTo<A>,
    answered: (response: ResponseFrom<A>) => void,
    { version = 5, clientId = 'c' }: { version?: number; clientId?: string } = {},
  ): void {
    const replyTo = ++this.replies;
    this.waiting.set(replyTo, answered as (response: unknown) => void);
    const call = { api, request, version, replyTo, clientId, clientHost: '/127.0.0.1' } as GroupCall;
    this.perform(this.coordinator.handle(this.now, call));
  }

  perform(effects: readonly GroupEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'reply') this.answer(effect.replyTo, effect.response);
      else this.append(effect);
    }
    this.checkCoordinator();
    if (!this.isHeld) this.replicate();
  }

  private checkCoordinator(): void {
    const { coordinator } = this;
    coordinator.invariants();
    const group = coordinator.group('g');
    if (group === undefined || coordinator.deadlineMs <= nextDeadlineMs(group)) return;
    throw new Error('the coordinator is called too late');
  }

  private answer(replyTo: number, response: unknown): void {
    const answered = this.waiting.get(replyTo);
    if (answered === undefined) throw new Error(`call ${replyTo} was answered twice, or never made`);
    this.waiting.delete(replyTo);
    answered(response);
  }

  private append(append: AppendEffect): void {
    const baseOffset = this.log.length;
    this.pending.push({ append, baseOffset });
    const producerId = append.producer?.producerId ?? null;
    append.records.forEach((record, i) => {
      this.log.push({ record, producerId, marker: null });
      this.onAppend(baseOffset + i, record);
    });
  }

  /** The other replicas have so many batches more. */
  replicate(count = Infinity): void {
    for (let i = 0; i < count; i++) {
      const next = this.pending.shift();
      if (next === undefined) return;
      const { append, baseOffset } = next;
      this.committed = Math.max(this.committed, baseOffset + append.records.length);
      const outcome = { error: 'NONE', baseOffset } as const;
      this.perform(this.coordinator.appended(this.now, append.appendId, outcome));
    }
  }

  /** The oldest append under way is given up. What it wrote stays in the log. */
  fail(error: AppendError): void {
    const next = this.pending.shift();
    if (next !== undefined)
      this.perform(this.coordinator.appended(this.now, next.append.appendId, { error }));
  }

  /** A marker of a transaction, written and committed after all that is there. It is told before the appends that wait are answered. */
  marker(producerId: number, marker: 'commit' | 'abort'): void {
    const offset = this.log.length;
    this.log.push({ record: null, producerId, marker });
    this.committed = this.log.length;
    const { pending } = this;
    this.pending = [];
    this.perform(this.coordinator.transactionEnded(this.now, PARTITION, producerId, marker, offset));
    this.pending.unshift(...pending);
    this.replicate(pending.length);
  }

  /**
   * @param kept - uncommitted batches that the new leader has, too
   * @param isReady - as of {@link load}
   */
  failover(kept = 0, isReady = true): void {
    const old = this.coordinator;
    const last = this.pending[kept - 1];
    const end = last === undefined ? this.committed : last.baseOffset + last.append.records.length;
    const pending = this.pending;
    this.pending = [];
    this.log = this.log.slice(0, kept >= pending.length ? this.log.length : end);
    this.committed = this.log.length;
    this.coordinator = this.load(isReady);
    for (const effect of old.resign(PARTITION)) {
      if (effect.type === 'reply') this.answer(effect.replyTo, effect.response);
    }
  }

  /** @param isReady - false: the log is read later, by {@link finishLoading} */
  load(isReady = true): GroupCoordinator {
    const { options, rules } = this;
    const newUuid = (): string => String(++this.uuids);
    const coordinator = new GroupCoordinator({ options, rules, newUuid });
    coordinator.startLoading(PARTITION);
    if (!isReady) return coordinator;
    this.finishLoading(coordinator);
    return coordinator;
  }

  finishLoading(coordinator: GroupCoordinator): void {
    this.log.forEach(({ record, producerId, marker }, offset) => {
      if (record !== null) this.loadRecord(coordinator, { offset, ...record, producerId });
      if (marker !== null && producerId !== null) {
        coordinator.loadMarker(PARTITION, producerId, marker, offset);
      }
    });
    const effects = coordinator.finishLoading(this.now, PARTITION);
    if (effects.length > 0) this.perform(effects);
  }

  private loadRecord(coordinator: GroupCoordinator, record: LoadedGroupRecord): void {
    try {
      coordinator.loadRecord(PARTITION, record);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.skipped++;
    }
  }

  /** Time goes on, and every deadline on the way is kept. */
  elapse(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.coordinator.deadlineMs <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.coordinator.deadlineMs);
      const before = this.coordinator.deadlineMs;
      this.perform(this.coordinator.tick(this.now));
      if (this.coordinator.deadlineMs === before) break;
    }
    this.nowMs = endMs;
    this.perform(this.coordinator.tick(this.now));
  }
}
