/**
 * Names of the metadata log that never change (KIP-595, KIP-516).
 *
 *     METADATA_DIRECTORY // '__cluster_metadata-0'
 */
export const METADATA_TOPIC = '__cluster_metadata';
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';
export const METADATA_PARTITION = 0;
export const METADATA_DIRECTORY = `${METADATA_TOPIC}-${METADATA_PARTITION}`;
