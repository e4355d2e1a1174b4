/** A core on a `ReplicaLog`: what the node's driver will do, in a few lines. */
import { expect, test } from 'vitest';
import { randomStream } from '../../../../harness/random.ts';
import { Disk } from '../../../runtime/disk-model/disk.ts';
import { ReplicaLog } from '../../log/replica-log.ts';
import { batchOf, idempotent } from '../../log/testing/batches.ts';
import { MemoryFiles } from '../../log/testing/memory-files.ts';
import { readBatches } from '../../records/batch.ts';
import type { Effect } from './effects.ts';
import { viewOf } from './log-view.ts';
import { DEFAULT_OPTIONS } from './options.ts';
import { PartitionCore } from './partition-core.ts';
import { correctRules } from './rules.ts';

const BROKERS = new Map([[1, { brokerEpoch: 5, fenced: false, inControlledShutdown: false }]]);

test('a partition of one replica on files', async () => {
  const log = await ReplicaLog.open(new MemoryFiles(new Disk(randomStream(1, 'disk'))), 'orders-0');
  const view = viewOf(log);
  const core = new PartitionCore(
    { brokerId: 1, options: DEFAULT_OPTIONS, rules: correctRules, log: view },
    0,
  );
  core.brokersChanged(0, BROKERS);
  core.metadata(0, { leader: 1, leaderEpoch: 3, partitionEpoch: 0, replicas: [1], isr: [1] });
  const replies: Effect[] = [];
  const perform = (): void => {
    for (let effects = core.takeEffects(); effects.length > 0; effects = core.takeEffects()) {
      for (const effect of effects) {
        if (effect.kind === 'append') {
          const { bytes: batches } = effect.token as { bytes: Uint8Array };
          core.appended(0, log.append(batches, { assignOffsets: true, leaderEpoch: effect.leaderEpoch }));
        } else if (effect.kind === 'reply-produce') replies.push(effect);
      }
    }
    core.invariants();
  };
  const produce = async (bytes: Uint8Array): Promise<void> => {
    core.produce(0, { bytes }, { acks: -1, timeoutMs: 100, batches: [...readBatches(bytes)] });
    perform();
    await log.written();
    core.stored(0);
    perform();
  };
  const first = produce(batchOf(['a', 'b']));
  // Nothing is acknowledged that a killed process would lose.
  expect([view.logEndOffset, view.writtenEndOffset, replies]).toEqual([2, 0, []]);
  await first;
  await produce(batchOf(['c'], idempotent(7, 0, 0)));
  await produce(batchOf(['c'], idempotent(7, 0, 0)));
  await produce(batchOf(['d'], idempotent(7, 0, 5)));
  expect(replies.map((effect) => effect.kind === 'reply-produce' && effect.reply)).toMatchObject([
    { errorCode: 0, baseOffset: 0 },
    { errorCode: 0, baseOffset: 2 },
    { errorCode: 0, baseOffset: 2 },
    { errorCode: 45, baseOffset: -1 },
  ]);
  expect(view).toMatchObject({ logStartOffset: 0, logEndOffset: 3, highWatermark: 3, lastStableOffset: 3 });
  expect(view.latestEpoch).toBe(3);
  expect(view.endOffsetForEpoch(3)).toEqual({ epoch: 3, endOffset: 3 });
  expect(view.sizeBetween(0, 3)).toBe(log.sizeBytes);
  expect(view.sizeBetween(3, 3)).toBe(0);
  expect(view.abortedTransactions(0, 3)).toEqual([]);
  await log.flush();
  expect(view.durableEndOffset).toBe(3);
  view.forgetProducers();
  await produce(batchOf(['d'], idempotent(7, 0, 5)));
  expect(view.logEndOffset).toBe(4);
});
