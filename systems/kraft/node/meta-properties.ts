/**
 * `meta.properties`, which `kraft storage format` writes into every log directory: whose it is.
 *
 *     formatMetaProperties({ clusterId, nodeId: 1, directoryId }); // 'version=1\ncluster.id=…\nnode.id=1\ndirectory.id=…\n'
 *     checkLogDir({ directory: '/var/kraft', text, nodeId: 1, clusterId: null, configFile: 'server.properties' });
 *
 * A node that started in another's directory would take its votes and records for its own. So it refuses, and says what to do.
 */
import { HarnessError } from '../../../harness/errors.ts';
import { uuidToBytes, ZERO_UUID } from '../wire/bytes.ts';
import { formatJavaProperties, parseJavaProperties } from './java-properties.ts';

export const META_PROPERTIES = 'meta.properties';
const VERSION = '1';

export interface MetaProperties {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly directoryId: string;
}

export function formatMetaProperties({ clusterId, nodeId, directoryId }: MetaProperties): string {
  return formatJavaProperties([
    ['version', VERSION],
    ['cluster.id', clusterId],
    ['node.id', String(nodeId)],
    ['directory.id', directoryId],
  ]);
}

/** @throws HarnessError `bad-format` or `unsupported-version`, with the file and what is wrong in it */
export function parseMetaProperties(text: string, file: string): MetaProperties {
  const entries = new Map(
    parseJavaProperties(text, (line) => `${file} line ${line}`).map(({ key, value }) => [key, value.trim()]),
  );
  const get = (key: string): string => {
    const value = entries.get(key);
    if (value === undefined || value === '')
      throw new HarnessError('bad-format', `${file}: ${key} is missing`);
    return value;
  };
  const version = get('version');
  if (version !== VERSION) {
    throw new HarnessError(
      'unsupported-version',
      `${file}: version=${version}: only version ${VERSION} is known here`,
    );
  }
  const clusterId = get('cluster.id');
  const nodeId = get('node.id');
  const directoryId = get('directory.id');
  if (!/^\d{1,10}$/.test(nodeId))
    throw new HarnessError('bad-format', `${file}: node.id=${nodeId}: is no node id`);
  if (directoryId === ZERO_UUID || uuidToBytes(directoryId) === null) {
    throw new HarnessError('bad-format', `${file}: directory.id=${directoryId}: is no directory id`);
  }
  return { clusterId, nodeId: Number(nodeId), directoryId };
}

export interface LogDirFacts {
  readonly directory: string;
  /** What its `meta.properties` says; null where there is none. */
  readonly text: string | null;
  readonly nodeId: number;
  /** The cluster that this node is of, as its other directories or its quorum say; null where none said. */
  readonly clusterId: string | null;
  readonly configFile: string;
}

/** @throws HarnessError when the node must not start there */
export function checkLogDir(facts: LogDirFacts): MetaProperties {
  const { directory, text, nodeId, clusterId, configFile } = facts;
  if (text === null) {
    const id = clusterId ?? '"$(kraft storage random-uuid)"';
    throw new HarnessError(
      'usage',
      `${directory} is not formatted; run: kraft storage format -t ${id} -c ${configFile}` +
        (clusterId === null ? ' (with one and the same id for all nodes of the cluster)' : ''),
    );
  }
  const file = `${directory.replace(/\/+$/, '')}/${META_PROPERTIES}`;
  const meta = parseMetaProperties(text, file);
  if (clusterId !== null && meta.clusterId !== clusterId) {
    throw new HarnessError(
      'usage',
      `${file}: cluster.id=${meta.clusterId}: the directory is of another cluster than ${clusterId}; ` +
        `name another in log.dirs of ${configFile}, or move what is there away and format it`,
    );
  }
  if (meta.nodeId !== nodeId) {
    throw new HarnessError(
      'usage',
      `${file}: node.id=${meta.nodeId}: the directory is of another node than node.id=${nodeId} of ${configFile}; ` +
        `correct node.id, or name another directory in log.dirs`,
    );
  }
  return meta;
}
