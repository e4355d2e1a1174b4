/**
 * AllocateProducerIds (KIP-730): a broker gets a block of ids that nobody else gets, ever.
 *
 *     allocateProducerIds(active, { brokerId: 1, brokerEpoch: 42 })   // { firstId: 3000, count: 1000 }
 */
import type { ActiveController } from './active-controller.ts';
import { checkBrokerEpoch } from './brokers.ts';
import { Refused } from './errors.ts';

export const PRODUCER_ID_BLOCK_SIZE = 1000;

export interface ProducerIdBlock {
  readonly firstId: number;
  readonly count: number;
}

export function allocateProducerIds(
  active: ActiveController,
  request: { readonly brokerId: number; readonly brokerEpoch: number },
): ProducerIdBlock {
  const { brokerId, brokerEpoch } = request;
  checkBrokerEpoch(active, brokerId, brokerEpoch);
  const firstId = active.image.nextProducerId;
  const nextProducerId = firstId + PRODUCER_ID_BLOCK_SIZE;
  if (!Number.isSafeInteger(nextProducerId)) {
    throw new Refused('UNKNOWN_SERVER_ERROR', 'no producer ids are left');
  }
  active.emit({ type: 'producer-ids', brokerId, brokerEpoch, nextProducerId });
  return { firstId, count: PRODUCER_ID_BLOCK_SIZE };
}
