/**
 * A client of the system, as the harness opens it for one process.
 *
 *     const client = await openClient(endpoint, context);
 *     await client.invoke({ f: 'send', value: [['send', 't0-1', 7]] });
 *
 * What it can do is in `operations.ts`, what it can be told in `client-options.ts`.
 */
import type { Client } from '../../../harness/interpreter/client.ts';
import type { Endpoint } from '../../runtime/runtime.ts';
import type { ClientContext } from '../../system.ts';
import { parseClientOptions } from './client-options.ts';
import { OperationRunner } from './operation-runner.ts';
import { HarnessError } from '../../../harness/errors.ts';
import type { Driver } from './driver.ts';
import { KafkajsDriver } from './kafkajs/kafkajs-driver.ts';
import type { DriverContext } from './plain-driver.ts';
import { PlainDriver } from './plain-driver.ts';

/** @throws HarnessError `usage` for options that no client has */
export async function openClient(endpoint: Endpoint, context: ClientContext): Promise<Client> {
  const addresses = [...context.addresses.values()];
  const options = parseClientOptions(context.options, addresses.length);
  const clientId = `client-${context.clientId}`;
  const driver = openDriver(endpoint, { address: context.address, addresses, clientId, options }, context);
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
