/**
 * What tests of nodes in the simulator have in common: a run of a cluster, a question to a node, a wait.
 *
 *     await inSim(cluster, async () => {
 *       const outcome = await send(client, { host: 'n1', port: 9092 }, 'metadata', 8, { topics: null }, 30_000);
 *       answerOf(outcome).brokers;
 *     });
 */
import type { SimCluster } from '../../../../harness/cluster/sim/sim-cluster.ts';
import { msToNs } from '../../../../harness/units.ts';
import type { Address } from '../../../runtime/runtime.ts';
import type { ApiName, RequestInputBody } from '../../wire/apis.ts';
import type { NodeClient, NodeOutcome, ReceivedBody } from '../network/node-client.ts';

/** Starts the nodes, does the body in virtual time, and stops them, however it ends. */
export async function inSim(cluster: SimCluster, body: () => Promise<void>): Promise<void> {
  try {
    await cluster.run(async () => {
      await cluster.start();
      await body();
    });
  } finally {
    await cluster.stop();
  }
}

export const send = <N extends ApiName>(
  client: NodeClient,
  address: Address,
  name: N,
  version: number,
  body: RequestInputBody<N>,
  timeoutMs: number,
): Promise<NodeOutcome<N>> =>
  new Promise((resolve) => client.request(address, name, version, body, timeoutMs, resolve));

/** @throws Error where there is no answer */
export function answerOf<N extends ApiName>(outcome: NodeOutcome<N>): ReceivedBody<N> {
  if (outcome.kind === 'failed') throw new Error(outcome.reason);
  return outcome.body;
}

export interface Patience {
  readonly pollMs: number;
  readonly pollsMax: number;
}

/** @throws Error where it does not come true in that time, by the cluster's clock */
export async function until(
  cluster: SimCluster,
  condition: () => boolean | Promise<boolean>,
  { pollMs, pollsMax }: Patience,
  what: string,
): Promise<void> {
  for (let i = 0; i < pollsMax; i++) {
    if (await condition()) return;
    await cluster.clock.sleep(msToNs(pollMs));
  }
  throw new Error(`${what} did not come true`);
}
