/**
 * A client of the system, as the harness opens it for one process.
 *
 *     const client = await openClient(endpoint, context);
 *     await client.invoke({ f: 'send', value: [['send', 't0-1', 7]] });
 *
 * A process whose node is a controller alone asks a broker instead.
 * What it can do is in `operations.ts`, what it can be told in `client-options.ts`.
 */
import type { Client } from '../../../harness/interpreter/client.ts';
import type { Endpoint } from '../../runtime/runtime.ts';
import type { ClientContext } from '../../system.ts';
import { brokersOf } from '../cluster-options.ts';
import { parseClientOptions } from './client-options.ts';
import { OperationRunner } from './operation-runner.ts';
import { assert, HarnessError } from '../../../harness/errors.ts';
import type { Driver } from './driver.ts';
import { KafkajsDriver } from './kafkajs/kafkajs-driver.ts';
import type { DriverContext } from './plain-driver.ts';
import { PlainDriver } from './plain-driver.ts';

/** @throws HarnessError `usage` for options that no client has */
export async function openClient(endpoint: Endpoint, context: ClientContext): Promise<Client> {
  const nodes = [...context.addresses.keys()];
  const brokers = brokersOf(nodes, context.options);
  const addresses = brokers.flatMap((name) => context.addresses.get(name) ?? []);
  const own = brokers.includes(context.node)
    ? context.address
    : addresses[nodes.indexOf(context.node) % addresses.length];
  assert(own !== undefined, `no address of a broker among ${nodes.join(', ')}`);
  const options = parseClientOptions(context.options, brokers.length);
  const clientId = `client-${context.clientId}`;
  const driver = openDriver(endpoint, { address: own, addresses, clientId, options }, context);
  return new OperationRunner(driver, { options, clientId });
}

function openDriver(endpoint: Endpoint, context: DriverContext, { loadPackage }: ClientContext): Driver {
  if (context.options.client === 'plain') return new PlainDriver(endpoint, context);
  if (loadPackage === undefined) {
    throw new HarnessError(
      'missing-capability',
      'client=kafkajs: this cluster loads no packages for clients',
    );
  }
  return new KafkajsDriver(endpoint, context, loadPackage);
}
