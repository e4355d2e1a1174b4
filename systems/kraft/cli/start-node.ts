/** The node that a server runs, as this command sees it. */
import type { NodeStatus } from '../../runtime/node-program.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { PropertyValues } from '../node/property-table.ts';

export interface NodeStart {
  readonly properties: PropertyValues;
  readonly clusterId: string;
  readonly directoryId: string;
  readonly bugs: readonly string[];
}

export interface StartedNode {
  status(): NodeStatus;
  /** Hands over what it leads, and ends. */
  shutdown(): Promise<void>;
}

/** Serves nothing yet: it holds the ports. */
export function startNode(runtime: Runtime, { properties }: NodeStart): StartedNode {
  const listeners = properties.listeners.map(({ port }) =>
    runtime.listen(port, (connection) => connection.close()),
  );
  return {
    status: () => ({ role: 'none', term: 0, leader: null }),
    shutdown: () => {
      for (const listener of listeners) listener.close();
      return Promise.resolve();
    },
  };
}
