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
import { PlainDriver } from './plain-driver.ts';

/** @throws HarnessError `usage` for options that no client has */
export async function openClient(endpoint: Endpoint, context: ClientContext): Promise<Client> {
  const addresses = [...context.addresses.values()];
  const options = parseClientOptions(context.options, addresses.length);
  const clientId = `client-${context.clientId}`;
  const driver = new PlainDriver(endpoint, { address: context.address, addresses, clientId, options });
  return new OperationRunner(driver, { options, clientId });
}
