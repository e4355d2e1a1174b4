/** Nodes and our clients in the simulator, for tests of clients. */
import { SimCluster } from '../../../../harness/cluster/sim/sim-cluster.ts';
import type { SimClusterOptions } from '../../../../harness/cluster/sim/sim-cluster.ts';
import type { Json } from '../../../../harness/history/operation.ts';
import type { Client, Completion } from '../../../../harness/interpreter/client.ts';
import { msToNs } from '../../../../harness/units.ts';
import { kraft } from '../../index.ts';

export interface InSim {
  readonly cluster: SimCluster;
  /** @throws Error for what is not ok */
  ok(client: Client, f: string, value: Json): Promise<Json>;
  invoke(client: Client, f: string, value: Json): Promise<Completion>;
  /** Until a function is ok, at most for a minute. */
  eventually(client: Client, f: string, value: Json): Promise<Json>;
}

const PAUSE_MS = 200;
const ATTEMPTS_MAX = 300;

/** Runs nodes and the body, all in virtual time. */
export async function inSim<T>(
  setup: Partial<SimClusterOptions>,
  body: (sim: InSim) => Promise<T>,
): Promise<T> {
  const cluster = new SimCluster({ system: kraft, nodes: ['n1', 'n2', 'n3'], seed: 1, ...setup });
  const invoke = (client: Client, f: string, value: Json): Promise<Completion> => client.invoke({ f, value });
  const ok = async (client: Client, f: string, value: Json): Promise<Json> => {
    const completion = await invoke(client, f, value);
    if (completion.type !== 'ok') throw new Error(`${f} is ${JSON.stringify(completion)}`);
    return completion.value ?? null;
  };
  const eventually = async (client: Client, f: string, value: Json): Promise<Json> => {
    for (let attempt = 1; ; attempt++) {
      const completion = await invoke(client, f, value);
      if (completion.type === 'ok') return completion.value ?? null;
      if (attempt === ATTEMPTS_MAX) throw new Error(`${f} is still ${JSON.stringify(completion)}`);
      await cluster.clock.sleep(msToNs(PAUSE_MS));
    }
  };
  try {
    return await cluster.run(async () => {
      await cluster.start();
      return body({ cluster, ok, invoke, eventually });
    });
  } finally {
    await cluster.stop();
  }
}
