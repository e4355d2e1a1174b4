/** Controllers that must not start as they are, since what they would begin is not what their operator has. */
import type { Address, Files, Runtime } from '../../../runtime/runtime.ts';
import { METADATA_DIRECTORY } from '../../internal-topics.ts';
import type { QuorumStatus } from '../../quorum/core.ts';
import { controllerNames } from '../property-checks.ts';
import type { PropertyValues } from '../property-table.ts';
import { folderOf, scanFolders } from '../replicas/partition-folders.ts';
import type { NodeSettings } from '../settings.ts';
import type { OpenedDisk } from './metadata-disk.ts';
import { QuorumStateError } from './quorum-state-file.ts';

/** A controller that lost its log would begin an empty cluster, in which the partitions that lie here were never created. */
export async function refuseLostLog(files: Files, { recovered }: OpenedDisk): Promise<void> {
  if (recovered.entries.length > 0 || recovered.snapshot !== null) return;
  const [found] = await scanFolders(files);
  if (found === undefined) return;
  const what = `is empty, and the folder ${folderOf(found.topic, found.index)} is of a topic that was created in it`;
  throw new QuorumStateError(METADATA_DIRECTORY, what);
}

/**
 * A controller that has no vote follows, until it is added (KIP-853): said once. One that knows no voters, and could ask nobody but
 * itself, would wait for ever. @throws Error with what to do
 */
export function refuseNoVoters(
  runtime: Runtime,
  { properties, clusterId }: NodeSettings,
  { isVoter, voters }: QuorumStatus,
): void {
  if (isVoter) return;
  const servers = properties['controller.quorum.bootstrap.servers'];
  if (voters.length === 0 && servers.every((server) => isOwn(server, properties, runtime.host))) {
    throw new Error(
      `there are no voters in ${METADATA_DIRECTORY} or controller.quorum.voters, and controller.quorum.bootstrap.servers names ` +
        'nobody but this node: name the controllers that it joins; or, for the first one of a cluster, empty the log directory ' +
        `and run: kraft storage format --standalone -t ${clusterId} -c server.properties`,
    );
  }
  runtime.log(
    'info',
    'quorum: this controller is no voter: it observes, until it is added: kraft metadata-quorum --command-config ' +
      'server.properties add-controller',
  );
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

function isOwn(server: Address, properties: PropertyValues, ownHost: string): boolean {
  const names = controllerNames(properties);
  const own = [...properties.listeners, ...(properties['advertised.listeners'] ?? [])];
  return own.some(({ name, host, port }) => {
    if (!names.includes(name) || port !== server.port) return false;
    return host === '' ? [...LOOPBACK, ownHost].includes(server.host) : host === server.host;
  });
}
