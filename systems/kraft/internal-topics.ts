/**
 * The topics that Kafka itself keeps, and the names of the metadata log that never change (KIP-595, KIP-516).
 *
 *     isInternalTopic('__consumer_offsets') // true
 *     METADATA_DIRECTORY                    // '__cluster_metadata-0': a log like a topic's, and no topic of the image
 */
export const OFFSETS_TOPIC = '__consumer_offsets';
export const TRANSACTIONS_TOPIC = '__transaction_state';
export type InternalTopic = typeof OFFSETS_TOPIC | typeof TRANSACTIONS_TOPIC;

export const isInternalTopic = (name: string): name is InternalTopic =>
  name === OFFSETS_TOPIC || name === TRANSACTIONS_TOPIC;

export const METADATA_TOPIC = '__cluster_metadata';
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
export const METADATA_PARTITION = 0;
export const METADATA_DIRECTORY = `${METADATA_TOPIC}-${METADATA_PARTITION}`;
