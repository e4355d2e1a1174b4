/**
 * The voters that `kraft storage format` writes for a cluster whose voters are dynamic (KIP-853), as its options name them.
 *
 *     parseInitialControllers('1@h1:9093:DIRECTORY-ID,2@h2:9093:DIRECTORY-ID', values)
 *     standaloneController(values, 'server.properties', newUuid())   // this node alone
 *     reachedListeners(values, 'server.properties')                  // as add-controller names them
 */
import { advertisedControllerListeners, isNowhere } from '../node/property-checks.ts';
import type { PropertyValues } from '../node/property-table.ts';
import { voters as votersType } from '../node/property-types.ts';
import type { Listener } from '../node/property-types.ts';
import { listenerNameOf } from '../node/quorum/quorum-config.ts';
import type { Voter } from '../quorum/messages.ts';
import { uuidToBytes, ZERO_UUID } from '../wire/bytes.ts';
import { usageError } from './exit-codes.ts';

const OPTION = '--initial-controllers';

/** @throws HarnessError `usage` */
export function parseInitialControllers(text: string, values: PropertyValues): readonly Voter[] {
  const items = text.split(',').map((item) => item.trim());
  const parsed = items.filter((item) => item !== '').map((item) => parseController(item, values));
  if (parsed.length === 0) throw usageError(`${OPTION} names no controller`);
  const ids = parsed.map(({ voterId }) => voterId);
  const twice = ids.find((id, i) => ids.indexOf(id) < i);
  if (twice !== undefined) throw usageError(`${OPTION} names node ${twice} twice`);
  const id = values['node.id'];
  if (ids.includes(id) && !values['process.roles'].includes('controller'))
    throw usageError(`${OPTION} names node ${id}, which is this one, and its process.roles is broker`);
  return parsed;
}

function parseController(item: string, values: PropertyValues): Voter {
  const [, place = '', directoryId = ''] = /^(.+):([^:]*)$/.exec(item) ?? [];
  const read = votersType().read(place);
  const [voter] = 'value' in read ? read.value : [];
  if (voter === undefined || uuidToBytes(directoryId) === null || directoryId === ZERO_UUID) {
    throw usageError(
      `${OPTION} takes ID@HOST:PORT:DIRECTORY-ID, and “${item}” is not so; kraft storage random-uuid makes a directory id`,
    );
  }
  const { id, host, port } = voter;
  const listeners = [{ name: listenerNameOf(values), host, port }];
  return { voterId: id, voterDirectoryId: directoryId, listeners };
}

/** @throws HarnessError `usage` for a node that cannot be one */
export function standaloneController(values: PropertyValues, file: string, directoryId: string): Voter {
  if (!values['process.roles'].includes('controller'))
    throw usageError(`--standalone makes this node a controller, and process.roles of ${file} is broker`);
  const listeners = reachedListeners(values, file).slice(0, 1);
  return { voterId: values['node.id'], voterDirectoryId: directoryId, listeners };
}

/** Where others reach this controller. @throws HarnessError `usage` where it only says where it listens */
export function reachedListeners(values: PropertyValues, file: string): readonly Listener[] {
  return advertisedControllerListeners(values).map((listener) => {
    const { name, host, port } = listener;
    // As Kafka's tools take it.
    if (host === '') return { name, host: 'localhost', port };
    if (!isNowhere(listener)) return listener;
    throw usageError(
      `${file}: listeners=${name}://${host}:${port}: nobody can connect to “${host}”: ` +
        `advertised.listeners must name where other nodes reach ${name}`,
    );
  });
}
