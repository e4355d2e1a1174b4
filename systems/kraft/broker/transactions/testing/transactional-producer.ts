/**
 * A producer with the transactional id `t`, as the protocol sees it.
 *
 *     const producer = new TransactionalProducer(rig, 'p');
 *     producer.init(); producer.add('orders', 0); producer.end(true);
 *
 * It labels what it writes with the transaction that it means, so that one can tell afterwards whether that ended in one way.
 */
import { ERROR, errorName } from '../../../wire/error-codes.ts';
import type { TransactionRig } from './transaction-rig.ts';

export const TRANSACTIONAL_ID = 't';
export const TIMEOUT_MS = 20_000;

export interface Meant {
  readonly label: string;
  /** What its client asked for, as far as it was answered so. */
  promised: 'commit' | 'abort' | null;
  /** Whether a commit was ever asked for. */
  mayCommit: boolean;
}

export class TransactionalProducer {
  readonly name: string;
  producerId = -1;
  producerEpoch = -1;
  current: Meant | null = null;
  /** An outcome was asked for, and no answer says what it is. */
  isUnsure = false;
  readonly meant: Meant[] = [];
  say: (line: string) => void = () => undefined;
  onEpoch: (producerId: number, producerEpoch: number) => void = () => undefined;
  private readonly rig: TransactionRig;
  private count = 0;

  constructor(rig: TransactionRig, name: string) {
    this.rig = rig;
    this.name = name;
  }

  private get claim(): { transactionalId: string; producerId: number; producerEpoch: number } {
    const { producerId, producerEpoch } = this;
    return { transactionalId: TRANSACTIONAL_ID, producerId, producerEpoch };
  }

  init(transactionTimeoutMs = TIMEOUT_MS): void {
    const request = { transactionalId: TRANSACTIONAL_ID, transactionTimeoutMs };
    this.rig.call('InitProducerId', request, ({ errorCode, producerId, producerEpoch }) => {
      if (errorCode !== ERROR.NONE) return this.say(`${this.name} init: ${errorName(errorCode)}`);
      this.producerId = producerId ?? -1;
      this.producerEpoch = producerEpoch;
      this.current = null;
      this.isUnsure = false;
      this.say(`${this.name} is producer ${this.producerId} of epoch ${producerEpoch}`);
      this.onEpoch(this.producerId, producerEpoch);
    });
  }

  /** Adds a partition, and writes a record to it when that is answered. */
  add(topic: string, partition: number, version = 2): void {
    const request = { ...this.claim, topics: [{ name: topic, partitions: [partition] }] };
    const { producerId, producerEpoch } = this;
    const meant = this.meaning();
    const answered = (errorCode: number): void => {
      const name = `${topic}-${partition}`;
      if (errorCode !== ERROR.NONE) return this.say(`${this.name} add ${name}: ${errorName(errorCode)}`);
      const isWritten = this.rig.partition(name).write(producerId, producerEpoch, meant.label);
      this.say(`${this.name} ${isWritten ? 'writes to' : 'is fenced at'} ${name}`);
    };
    this.rig.call(
      'AddPartitionsToTxn',
      request,
      ({ resultsByTopic }) => answered(resultsByTopic[0]?.resultsByPartition[0]?.partitionErrorCode ?? -1),
      version,
    );
  }

  addOffsets(groupId: string): void {
    this.rig.call('AddOffsetsToTxn', { ...this.claim, groupId }, ({ errorCode }) =>
      this.say(`${this.name} add offsets of ${groupId}: ${errorName(errorCode)}`),
    );
  }

  private meaning(): Meant {
    if (this.current === null) {
      const label = `${this.name}${this.count++}`;
      this.current = { label, promised: null, mayCommit: false };
      this.meant.push(this.current);
    }
    return this.current;
  }

  end(committed: boolean, version = 2): void {
    const meant = this.current;
    if (committed && meant !== null) meant.mayCommit = true;
    this.isUnsure = true;
    this.rig.call(
      'EndTxn',
      { ...this.claim, committed },
      ({ errorCode }) => {
        this.say(`${this.name} ${committed ? 'commit' : 'abort'}: ${errorName(errorCode)}`);
        if (errorCode !== ERROR.NONE || meant === null) return;
        meant.promised = committed ? 'commit' : 'abort';
        if (this.current === meant) this.current = null;
        this.isUnsure = false;
      },
      version,
    );
  }
}
