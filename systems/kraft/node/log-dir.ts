/**
 * A node's log directory, as the harness gives it one: formatted at the first start, as `kraft storage format` would.
 *
 *     const { directoryId } = await openLogDir(runtime, { nodeId: 1, clusterId });
 *
 * A directory of another node or cluster is refused.
 */
import type { Runtime } from '../../runtime/runtime.ts';
import { readIfPresent, replaceFile } from '../log/durable-files.ts';
import type { MetaProperties } from './meta-properties.ts';
import { checkLogDir, formatMetaProperties, META_PROPERTIES } from './meta-properties.ts';
import { randomUuid } from './random-uuid.ts';

/** @throws HarnessError for a directory that is another's */
export async function openLogDir(
  { files, random }: Pick<Runtime, 'files' | 'random'>,
  { nodeId, clusterId }: Omit<MetaProperties, 'directoryId'>,
): Promise<MetaProperties> {
  const bytes = await readIfPresent(files, META_PROPERTIES);
  if (bytes !== null) {
    const text = new TextDecoder().decode(bytes);
    return checkLogDir({ directory: '', text, nodeId, clusterId, configFile: 'the options' });
  }
  const meta = { clusterId, nodeId, directoryId: randomUuid(random) };
  await replaceFile(files, '', META_PROPERTIES, new TextEncoder().encode(formatMetaProperties(meta)));
  return meta;
}
