/**
 * What is done to logs now and then: retention, compaction, and forgetting producers that are gone.
 *
 *     const housekeeping = new Housekeeping(context, () => partitions.all());
 *     housekeeping.close();
 *
 * One round every `log.retention.check.interval.ms`, one log after the other.
 */
import { msToNs } from '../../../../harness/units.ts';
import type { Timer } from '../../../runtime/runtime.ts';
import { RecordError } from '../../records/errors.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import type { HostedPartition } from './hosted-partition.ts';

/** Kafka's default of `producer.id.expiration.ms`. */
const PRODUCER_EXPIRATION_MS = 24 * 3_600_000;

export class Housekeeping {
  private readonly context: ReplicaContext;
  private readonly all: () => Iterable<HostedPartition>;
  private timer: Timer | null = null;
  private isClosed = false;

  constructor(context: ReplicaContext, all: () => Iterable<HostedPartition>) {
    this.context = context;
    this.all = all;
    this.plan();
  }

  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
  }

  private plan(): void {
    const { runtime, settings } = this.context;
    const intervalMs = settings.properties['log.retention.check.interval.ms'];
    this.timer = runtime.setTimer(msToNs(intervalMs), () => {
      this.context.inBackground('retention', async () => {
        for (const hosted of [...this.all()]) {
          if (hosted.isClosed || this.isClosed) continue;
          hosted.tidying = this.tidy(hosted);
          await hosted.tidying;
          hosted.tidying = null;
        }
        if (!this.isClosed) this.plan();
      });
    });
  }

  private async tidy(hosted: HostedPartition): Promise<void> {
    const { log, settings, name } = hosted;
    const { runtime } = this.context;
    const nowMs = runtime.wallMs();
    log.producers.removeExpired(nowMs, PRODUCER_EXPIRATION_MS);
    if (settings.isDeleted) {
      const removed = await log.deleteSegments(nowMs);
      if (removed > 0) runtime.log('info', `${name}: ${removed} segments deleted by retention`);
      hosted.logStartMoved();
    }
    if (!settings.isCleaned || hosted.isClosed || !log.isWorthCleaning(nowMs)) return;
    try {
      const { segments, removedRecords } = await log.compact(nowMs);
      if (segments === 0) return;
      hosted.compacted();
      runtime.log('info', `${name}: compacted`, { segments, removedRecords });
    } catch (error) {
      // A client's records that are not what they should be: the log stays as it is.
      if (!(error instanceof RecordError)) throw error;
      runtime.log('warn', `${name} cannot be compacted`, { error: error.message });
    }
  }
}
