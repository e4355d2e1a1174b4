/**
 * WriteTxnMarkers: a transaction's coordinator tells the leaders of its partitions how it ended (KIP-98).
 *
 *     handleMarkers(context, exchange); // answered when the markers are below the high watermark
 */
import { encodeControlBatch } from '../../records/control.ts';
import { RecordBatch } from '../../records/batch.ts';
import type { Exchange } from '../network/exchange.ts';
import type { ReplicaContext } from './hosted-partition.ts';
import { newProduce } from './tokens.ts';

/** Kafka's default of `request.timeout.ms`. */
const TIMEOUT_MS = 30_000;

interface MarkerAnswer {
  readonly partitionIndex: number;
  errorCode: number;
}

export function handleMarkers(context: ReplicaContext, exchange: Exchange<'writeTxnMarkers'>): void {
  let unanswered = 1;
  const countDown = (): void => {
    if (--unanswered === 0) exchange.respond({ markers });
  };
  const writes: (() => void)[] = [];
  const markers = exchange.body.markers.map((marker) => ({
    producerId: marker.producerId,
    topics: marker.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex): MarkerAnswer => {
        const answer = { partitionIndex, errorCode: 0 };
        unanswered++;
        writes.push(() =>
          writeMarker(context, name, partitionIndex, marker, (errorCode) => {
            answer.errorCode = errorCode;
            countDown();
          }),
        );
        return answer;
      }),
    })),
  }));
  context.turn.run(() => {
    for (const write of writes) write();
  });
  countDown();
}

function writeMarker(
  context: ReplicaContext,
  topic: string,
  index: number,
  marker: Exchange<'writeTxnMarkers'>['body']['markers'][number],
  onAnswer: (errorCode: number) => void,
): void {
  const hosted = context.find(topic, index);
  if (typeof hosted === 'number') return onAnswer(hosted);
  const { producerId, producerEpoch, transactionResult, coordinatorEpoch } = marker;
  const type = transactionResult ? 'commit' : 'abort';
  const options = {
    producerId,
    producerEpoch,
    isTransactional: true,
    timestampMs: context.runtime.wallMs(),
  };
  const bytes = encodeControlBatch([{ type, coordinatorEpoch }], options);
  const produced = { bytes, batches: [new RecordBatch(bytes)], acks: -1, timeoutMs: TIMEOUT_MS } as const;
  hosted.produce(newProduce(produced, ({ errorCode }) => onAnswer(errorCode)));
}
