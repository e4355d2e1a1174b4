/**
 * The machine of one simulated client: a host on the network without a disk, which is gone once the client is closed.
 */
import { HarnessError } from '../../errors.ts';
import { randomStream } from '../../random.ts';
import type { Endpoint } from '../../../systems/runtime/runtime.ts';
import { HostClock } from '../../../systems/runtime/host-clock.ts';
import { CLIENT_HOST_PREFIX, type Network } from './network.ts';
import { EPOCH_MS } from './scheduler.ts';
import { ProcessEvent, SimProcess, type Host } from './sim-process.ts';
import { SimEndpoint } from './sim-runtime.ts';

export class SimClientHost {
  readonly endpoint: Endpoint;
  readonly #network: Network;
  readonly #host: Host;
  readonly #process: SimProcess;

  /** @param nodes - how many hosts the nodes are: clients are numbered after them */
  constructor(network: Network, clientId: number, nodes: number, seed: number) {
    this.#network = network;
    const name = `${CLIENT_HOST_PREFIX}${clientId}`;
    this.#host = network.addHost(name, nodes + clientId, new HostClock(0, EPOCH_MS));
    this.#process = new SimProcess(this.#host, {
      afterStep: () => undefined,
      fail: (_process, thrown) => network.scheduler.abort(HarnessError.from(thrown, 'client', name)),
    });
    this.#host.process = this.#process;
    this.endpoint = new SimEndpoint(network, this.#process, randomStream(seed, 'client', clientId));
  }

  /** Closes what the client left open. Nothing of it runs any more; what it has sent still arrives. */
  close(): void {
    const process = this.#process;
    for (const connection of [...process.connections]) connection.close();
    process.alive = false;
    this.#network.scheduler.queue.takeWhere(
      (event) => event instanceof ProcessEvent && event.process === process,
    );
    this.#network.removeHost(this.#host);
  }
}
