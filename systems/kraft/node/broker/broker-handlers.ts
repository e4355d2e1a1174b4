/**
 * What a broker's listener answers out of the metadata, or by asking the controller.
 *
 *     new NetworkServer(runtime, { …, listener: 'broker', handlers: { ...replicas.handlers, ...brokerHandlers(parts) } });
 *
 * Produce, fetch and the coordinators' requests have handlers elsewhere.
 */
import { ERROR } from '../../wire/error-codes.ts';
import type { Handlers } from '../network/exchange.ts';
import { configHandlers } from './config-requests.ts';
import { forwardedHandlers } from './forwarded.ts';
import type { MetadataHandlersOptions } from './metadata-requests.ts';
import { metadataHandlers } from './metadata-requests.ts';

export function brokerHandlers(options: MetadataHandlersOptions): Handlers {
  return {
    ...metadataHandlers(options),
    ...configHandlers(options),
    ...forwardedHandlers(options.link),
    describeAcls: (exchange) => {
      const errorMessage = 'No Authorizer is configured.';
      exchange.respond({ errorCode: ERROR.SECURITY_DISABLED, errorMessage, resources: [] });
    },
  };
}
