/**
 * Toy systems for tests and benchmarks of the simulator: a node program of a few lines, and a client
 * that sends one byte string and waits for one.
 *
 *     const system = toySystem((runtime) => {
 *       runtime.listen(TOY_PORT, (connection) => connection.onData((bytes) => connection.write(bytes)));
 *     });
 */
import type { Client, Completion } from '../../interpreter/client.ts';
import type { NodeConfig, NodeStatus, RunningNode } from '../../../systems/runtime/node-program.ts';
import type { Connection, Endpoint, Runtime } from '../../../systems/runtime/runtime.ts';
import type { ClientContext, System } from '../../../systems/system.ts';

export const TOY_PORT = 7000;

const STATUS: NodeStatus = { role: 'toy', term: 0, leader: null };

export function toySystem(
  program: (runtime: Runtime, config: NodeConfig) => Partial<RunningNode> | void,
): System {
  return {
    name: 'toy',
    summary: 'a few lines that a test needs',
    defaultNodes: 3,
    functions: ['echo'],
    options: [],
    errors: [],
    bugs: [],
    clientPort: TOY_PORT,
    program: (runtime, config) => ({ status: () => STATUS, ...(program(runtime, config) ?? {}) }),
    openClient: (endpoint, context) => Promise.resolve(openEchoClient(endpoint, context)),
  };
}

/** Listens on the client port and answers with what it got. */
export function serveEcho(runtime: Runtime): void {
  runtime.listen(TOY_PORT, (connection) => connection.onData((bytes) => connection.write(bytes)));
}

/** One message at a time: `value` as text goes out, what comes back is the value. */
function openEchoClient(endpoint: Endpoint, context: ClientContext): Client {
  const connection: Connection = endpoint.connect(context.address);
  let waiting: ((completion: Completion) => void) | null = null;
  let ended: string | null = null;
  const answer = (completion: Completion): void => {
    const resolve = waiting;
    waiting = null;
    resolve?.(completion);
  };
  connection.onData((bytes) => answer({ type: 'ok', value: new TextDecoder().decode(bytes) }));
  connection.onClose((reason) => {
    ended = reason;
    answer({ type: 'info', error: { code: reason } });
  });
  return {
    invoke: (invocation) =>
      new Promise((resolve) => {
        if (ended !== null) return resolve({ type: 'fail', error: { code: ended } });
        waiting = resolve;
        const { value } = invocation;
        connection.write(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)));
      }),
    close: () => connection.close(),
  };
}
