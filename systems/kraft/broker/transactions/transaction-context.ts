/**
 * What the modules of the transaction coordinator work with while one input is handled: the time, the rules, and what comes out.
 *
 *     context.transit(transaction, { state: 'Ongoing', … }, (error) => …);
 */
import type { ErrorName } from '../../wire/error-codes.ts';
import type { Instant } from '../coordinator-log.ts';
import { coordinatorError, PendingAppends } from '../coordinator-log.ts';
import type { TransactionEffect } from './transaction-calls.ts';
import type { TransactionOptions } from './transaction-options.ts';
import type { TransactionMetadata } from './transaction-records.ts';
import { encodeTransaction } from './transaction-records.ts';
import type { Transaction } from './transaction.ts';
import type { TransactionRules } from './rules.ts';

export interface TransactionConfig {
  readonly options: TransactionOptions;
  readonly rules: TransactionRules;
}

export class TransactionContext {
  readonly options: TransactionOptions;
  readonly rules: TransactionRules;
  readonly appends = new PendingAppends();
  now: Instant = { monotonicMs: 0, wallMs: 0 };
  /** By the id of their markers: who waits for answers to them. */
  readonly marking = new Map<number, Transaction>();
  /** No marker is due to be sent again before it. */
  earliestRetryMs = Infinity;
  private effects: TransactionEffect[] = [];
  private nextMarkerId = 1;

  constructor(config: TransactionConfig) {
    this.options = config.options;
    this.rules = config.rules;
  }

  /** Wall clock: when a transaction began is in the log, and read by coordinators on other machines. */
  get wallMs(): number {
    return this.now.wallMs;
  }

  /** For what is tried again and what is looked at from time to time: a wall clock that jumps must not hold it up. */
  get monotonicMs(): number {
    return this.now.monotonicMs;
  }

  emit(effect: TransactionEffect): void {
    this.effects.push(effect);
  }

  newMarkerId(): number {
    return this.nextMarkerId++;
  }

  /**
   * Changes a transaction: in force when its record is committed. Until then nothing else begins.
   * @param done - NONE, or what the client hears
   */
  transit(
    transaction: Transaction,
    change: Partial<TransactionMetadata>,
    done: (error: ErrorName) => void,
  ): void {
    const metadata = { ...transaction.metadata, ...change, lastUpdateMs: this.wallMs };
    transaction.pending = metadata.state;
    const record = encodeTransaction(transaction.transactionalId, metadata);
    const effect = this.appends.begin(transaction.partition, [record], (outcome) => {
      transaction.pending = null;
      if (outcome.error !== 'NONE') return done(coordinatorError(outcome.error));
      transaction.metadata = metadata;
      if (transaction.fencedEpoch !== null && metadata.producerEpoch >= transaction.fencedEpoch) {
        transaction.fencedEpoch = null;
      }
      done('NONE');
    });
    this.emit(effect);
  }

  take(): readonly TransactionEffect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }
}
