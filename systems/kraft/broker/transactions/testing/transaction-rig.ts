/**
 * A transaction coordinator with a log, one coordinator after the other, and partitions that take records and markers.
 *
 *     const rig = new TransactionRig();
 *     rig.call('InitProducerId', { transactionalId: 't', transactionTimeoutMs: 60_000 }, (response) => …);
 *     rig.isHeld = true; …; rig.replicate();            // what is appended waits, and is committed
 *     rig.areMarkersHeld = true; …; rig.deliver(rig.markers[0]); // markers wait, and arrive, also those of a coordinator that is gone
 *     rig.failover(1);                                  // a new leader has one of the uncommitted records, and loads
 */
import { MalformedError } from '../../../wire/bytes.ts';
import type { ErrorName } from '../../../wire/error-codes.ts';
import type { AppendEffect, AppendError, Instant, LogRecord } from '../../coordinator-log.ts';
import type { TransactionRules } from '../rules.ts';
import { correctRules } from '../rules.ts';
import type {
  RequestTo,
  ResponseFrom,
  TransactionApi,
  TransactionCall,
  TransactionEffect,
  WriteMarkersEffect,
} from '../transaction-calls.ts';
import { TransactionCoordinator } from '../transaction-coordinator.ts';
import type { TransactionOptions } from '../transaction-options.ts';
import { DEFAULT_TRANSACTION_OPTIONS } from '../transaction-options.ts';
import type { TopicPartition } from '../transaction-records.ts';
import { partitionName } from '../transaction.ts';

const PARTITION = 0;
/** Wall clocks are not monotonic clocks: nothing may work because they agree. */
const WALL_AHEAD_MS = 1_700_000_000_000;
const ID_BLOCK = 2;

export interface SentMarker {
  readonly effect: WriteMarkersEffect;
  readonly partition: TopicPartition;
  readonly sender: TransactionCoordinator;
}

/** What a partition's leader knows: records with the label of the transaction that their client meant, and what became of them. */
export class DataPartition {
  readonly outcomes: { readonly label: string; outcome: 'open' | 'commit' | 'abort' }[] = [];
  private readonly epochs = new Map<number, number>();
  private readonly open = new Map<number, { outcome: string }[]>();
  private coordinatorEpoch = -1;

  write(producerId: number, producerEpoch: number, label: string): boolean {
    if (producerEpoch < (this.epochs.get(producerId) ?? -1)) return false;
    this.epochs.set(producerId, producerEpoch);
    const record = { label, outcome: 'open' as const };
    this.outcomes.push(record);
    this.open.set(producerId, [...(this.open.get(producerId) ?? []), record]);
    return true;
  }

  mark({ producerId, producerEpoch, coordinatorEpoch, isCommit }: WriteMarkersEffect): ErrorName {
    if (producerEpoch < (this.epochs.get(producerId) ?? -1)) return 'INVALID_PRODUCER_EPOCH';
    if (coordinatorEpoch < this.coordinatorEpoch) return 'TRANSACTION_COORDINATOR_FENCED';
    this.epochs.set(producerId, producerEpoch);
    this.coordinatorEpoch = coordinatorEpoch;
    for (const record of this.open.get(producerId) ?? []) record.outcome = isCommit ? 'commit' : 'abort';
    this.open.delete(producerId);
    return 'NONE';
  }
}

export class TransactionRig {
  readonly options: TransactionOptions;
  readonly rules: TransactionRules;
  coordinator: TransactionCoordinator;
  nowMs = 1_000;
  isHeld = false;
  areMarkersHeld = false;
  areIdsHeld = false;
  log: LogRecord[] = [];
  committed = 0;
  /** Records that were none, as they were loaded. */
  skipped = 0;
  markers: SentMarker[] = [];
  readonly data = new Map<string, DataPartition>();
  onAppend: (offset: number, record: LogRecord) => void = () => undefined;
  onMarkers: (effect: WriteMarkersEffect) => void = () => undefined;
  private epoch = 0;
  private nextProducerId = 0;
  private pending: { readonly append: AppendEffect; readonly offset: number }[] = [];
  private readonly waiting = new Map<number, (response: unknown) => void>();
  private replies = 0;

  constructor(options: Partial<TransactionOptions> = {}, rules: TransactionRules = correctRules) {
    const counts = { statePartitionCount: 1, offsetsPartitionCount: 1 };
    this.options = { ...DEFAULT_TRANSACTION_OPTIONS, ...counts, ...options };
    this.rules = rules;
    this.coordinator = this.create();
    this.load();
  }

  get now(): Instant {
    return { monotonicMs: this.nowMs, wallMs: WALL_AHEAD_MS + this.nowMs };
  }

  get pendingAppends(): number {
    return this.pending.length;
  }

  get unanswered(): number {
    return this.waiting.size;
  }

  partition(name: string): DataPartition {
    let found = this.data.get(name);
    if (found === undefined) this.data.set(name, (found = new DataPartition()));
    return found;
  }

  call<A extends TransactionApi>(
    api: A,
    request: RequestTo<A>,
    answered: (response: ResponseFrom<A>) => void,
    version = 2,
  ): void {
    const replyTo = ++this.replies;
    this.waiting.set(replyTo, answered as (response: unknown) => void);
    this.perform(this.coordinator.handle(this.now, { api, request, version, replyTo } as TransactionCall));
  }

  perform(effects: readonly TransactionEffect[]): void {
    for (const effect of effects) this.performOne(effect);
    this.coordinator.invariants();
    if (!this.isHeld) this.replicate();
    if (!this.areMarkersHeld) this.deliverAll();
  }

  private performOne(effect: TransactionEffect): void {
    switch (effect.type) {
      case 'reply':
        return this.answer(effect.replyTo, effect.response);
      case 'append':
        for (const record of effect.records) {
          this.pending.push({ append: effect, offset: this.log.length });
          this.onAppend(this.log.length, record);
          this.log.push(record);
        }
        return;
      case 'write-markers': {
        this.onMarkers(effect);
        const sender = this.coordinator;
        this.markers.push(...effect.partitions.map((partition) => ({ effect, partition, sender })));
        return;
      }
      case 'allocate-producer-ids':
        if (!this.areIdsHeld) this.giveIds();
    }
  }

  giveIds(): void {
    const firstProducerId = this.nextProducerId;
    this.nextProducerId += ID_BLOCK;
    this.perform(this.coordinator.producerIds(this.now, { firstProducerId, count: ID_BLOCK }));
  }

  refuseIds(): void {
    this.perform(this.coordinator.producerIds(this.now, null));
  }

  private answer(replyTo: number, response: unknown): void {
    const answered = this.waiting.get(replyTo);
    if (answered === undefined) throw new Error(`call ${replyTo} was answered twice, or never made`);
    this.waiting.delete(replyTo);
    answered(response);
  }

  replicate(count = Infinity): void {
    for (let i = 0; i < count; i++) {
      const next = this.pending.shift();
      if (next === undefined) return;
      this.committed = next.offset + 1;
      const outcome = { error: 'NONE', baseOffset: next.offset } as const;
      this.perform(this.coordinator.appended(this.now, next.append.appendId, outcome));
    }
  }

  /** The oldest append under way is given up. What it wrote stays in the log. */
  fail(error: AppendError): void {
    const next = this.pending.shift();
    if (next !== undefined)
      this.perform(this.coordinator.appended(this.now, next.append.appendId, { error }));
  }

  /** A marker arrives; its sender hears so if it still coordinates. @param answer - instead of what the partition says */
  deliver(sent: SentMarker, answer?: ErrorName | 'topic-deleted'): void {
    this.markers = this.markers.filter((each) => each !== sent);
    const said = answer ?? this.partition(partitionName(sent.partition)).mark(sent.effect);
    if (sent.sender !== this.coordinator) return;
    this.perform(this.coordinator.markerAnswered(this.now, sent.effect.markerId, sent.partition, said));
  }

  deliverAll(): void {
    for (;;) {
      const next = this.markers[0];
      if (next === undefined) return;
      this.deliver(next);
    }
  }

  /** @param kept - uncommitted records that the new leader has, too */
  failover(kept = 0): void {
    const old = this.coordinator;
    this.log = this.log.slice(0, Math.min(this.committed + kept, this.log.length));
    this.committed = this.log.length;
    this.pending = [];
    for (const effect of old.resign(PARTITION)) {
      if (effect.type === 'reply') this.answer(effect.replyTo, effect.response);
    }
    this.coordinator = this.create();
    this.load();
  }

  private create(): TransactionCoordinator {
    return new TransactionCoordinator({ options: this.options, rules: this.rules });
  }

  private load(): void {
    const { coordinator } = this;
    coordinator.startLoading(PARTITION, ++this.epoch);
    for (const { key, value } of this.log) {
      try {
        coordinator.loadRecord(PARTITION, key, value);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        this.skipped++;
      }
    }
    this.perform(coordinator.finishLoading(this.now, PARTITION));
  }

  /** Time goes on, and every deadline on the way is kept. */
  elapse(ms: number): void {
    const endMs = this.nowMs + ms;
    this.perform(this.coordinator.tick(this.now));
    while (this.coordinator.deadlineMs <= endMs) {
      const before = this.coordinator.deadlineMs;
      this.nowMs = Math.max(this.nowMs, before);
      this.perform(this.coordinator.tick(this.now));
      if (this.coordinator.deadlineMs === before) break;
    }
    this.nowMs = endMs;
    this.perform(this.coordinator.tick(this.now));
  }
}
