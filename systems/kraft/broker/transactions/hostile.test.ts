/** A coordinator that takes over what is in `__transaction_state`, whatever that is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ERROR } from '../../wire/error-codes.ts';
import type { LogRecord } from '../coordinator-log.ts';
import { anyRecord, damaged } from '../testing/damaged-records.ts';
import type { TransactionMetadata } from './transaction-records.ts';
import { encodeTransaction, TRANSACTION_STATES } from './transaction-records.ts';
import { TransactionRig } from './testing/transaction-rig.ts';

const OPTIONS = { abortCheckIntervalMs: 5_000, expirationMs: 60_000, expirationCheckIntervalMs: 20_000 };

/** A coordinator that finds these records. */
function loaded(log: readonly LogRecord[]): TransactionRig {
  const rig = new TransactionRig(OPTIONS);
  rig.log = [...log];
  rig.committed = log.length;
  rig.failover();
  return rig;
}

function init(rig: TransactionRig, transactionalId: string): { producerId: number; producerEpoch: number } {
  for (let attempt = 0; attempt < 10; attempt++) {
    let answer = { errorCode: -1, producerId: -1, producerEpoch: -1 };
    const request = { transactionalId, transactionTimeoutMs: 1_000 };
    rig.call('InitProducerId', request, ({ errorCode, producerId = -1, producerEpoch = -1 }) => {
      answer = { errorCode, producerId, producerEpoch };
    });
    if (answer.errorCode === ERROR.NONE) return answer;
    expect(answer.errorCode).toBe(ERROR.CONCURRENT_TRANSACTIONS);
    rig.elapse(1_000);
  }
  throw new Error(`${transactionalId} gets no producer id`);
}

/** A transaction from its beginning to its end. */
function transact(rig: TransactionRig, transactionalId: string): void {
  const claim = { transactionalId, ...init(rig, transactionalId) };
  const errors: number[] = [];
  const topics = [{ name: 'orders', partitions: [0] }];
  rig.call('AddPartitionsToTxn', { ...claim, topics }, ({ resultsByTopic }) => {
    errors.push(resultsByTopic[0]?.resultsByPartition[0]?.partitionErrorCode ?? -1);
  });
  rig.call('EndTxn', { ...claim, committed: true }, ({ errorCode }) => errors.push(errorCode));
  expect(errors).toEqual([ERROR.NONE, ERROR.NONE]);
}

const OPEN: TransactionMetadata = {
  ...{ producerId: 7, producerEpoch: 3, timeoutMs: 1, state: 'Ongoing', startMs: 1, lastUpdateMs: 1 },
  partitions: [{ topic: 'a', partition: 0 }],
};

const names = fc.constantFrom('t', 'u', '', '__proto__');
const extreme = fc.record({
  producerId: fc.constantFrom(-1, 0, 7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  producerEpoch: fc.constantFrom(-32_768, -1, 0, 1, 32_765, 32_766, 32_767),
  timeoutMs: fc.constantFrom(-(2 ** 31), -1, 0, 1, 2 ** 31 - 1),
  state: fc.constantFrom(...TRANSACTION_STATES),
  partitions: fc.array(fc.record({ topic: names, partition: fc.constantFrom(-1, 0, 1, 2 ** 31 - 1) }), {
    maxLength: 3,
  }),
  startMs: fc.constantFrom(-(2 ** 50), -1, 0, 1, 2 ** 50),
  lastUpdateMs: fc.constantFrom(-(2 ** 50), -1, 0, 1, 2 ** 50),
});
const plausible = fc
  .tuple(names, fc.option(extreme, { freq: 5 }))
  .map(([id, metadata]) => encodeTransaction(id, metadata));
test('goes on, with any bytes as keys and values', () => {
  let [skipped, taken] = [0, 0];
  const records = fc.array(fc.oneof(plausible, damaged(plausible), anyRecord), { maxLength: 6 });
  fc.assert(
    fc.property(records, (log) => {
      const rig = loaded(log);
      const ofOthers = rig.skipped;
      skipped += ofOthers;
      taken += log.length - rig.skipped;
      rig.elapse(7_000);
      transact(rig, 'fresh');
      rig.elapse(200_000);
      // What it wrote itself its successor takes.
      rig.failover();
      expect(rig.skipped).toBe(2 * ofOthers);
      transact(rig, 'fresh');
    }),
    { numRuns: 500 },
  );
  expect([skipped > 100, taken > 100]).toEqual([true, true]);
});

test.each([32_765, 32_766, 32_767])(
  'aborts what is open in epoch %i, and then begins with a new producer',
  (epoch) => {
    const rig = loaded([encodeTransaction('t', { ...OPEN, producerEpoch: epoch })]);
    const ends: unknown[] = [];
    rig.onMarkers = ({ producerId, producerEpoch, isCommit }) =>
      ends.push({ producerId, producerEpoch, isCommit });
    rig.elapse(5_000);
    expect(ends).toEqual([{ producerId: 7, producerEpoch: Math.min(epoch + 1, 32_767), isCommit: false }]);
    expect(rig.coordinator.transaction('t')?.metadata.state).toBe('CompleteAbort');
    expect(init(rig, 't')).toMatchObject({ producerId: 0, producerEpoch: 0 });
    transact(rig, 't');
  },
);

test('keeps what was before a record that is none', () => {
  const bad = encodeTransaction('t', { ...OPEN, producerEpoch: -1 });
  const rig = loaded([encodeTransaction('t', { ...OPEN, state: 'PrepareCommit' }), bad]);
  expect(rig.skipped).toBe(1);
  expect(rig.coordinator.transaction('t')?.metadata.state).toBe('CompleteCommit');
});

test('whoever has no producer id yet does nothing with none', () => {
  const rig = new TransactionRig(OPTIONS);
  rig.isHeld = true;
  rig.call('InitProducerId', { transactionalId: 't', transactionTimeoutMs: 1_000 }, () => undefined);
  rig.fail('REQUEST_TIMED_OUT');
  const claim = { transactionalId: 't', producerId: -1, producerEpoch: -1 };
  const errors: number[] = [];
  rig.call('EndTxn', { ...claim, committed: true }, ({ errorCode }) => errors.push(errorCode));
  rig.call('AddOffsetsToTxn', { ...claim, groupId: 'g' }, ({ errorCode }) => errors.push(errorCode));
  expect(errors).toEqual([ERROR.INVALID_PRODUCER_ID_MAPPING, ERROR.INVALID_PRODUCER_ID_MAPPING]);
});
