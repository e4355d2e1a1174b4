/**
 * A trivial server: registers in memory, one line a request. What the harness does against it is all that it can do.
 *
 *     → w k1 17\n        ← 17\n
 *     → r k1\n           ← 17\n
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Client, Completion } from '../../harness/interpreter/client.ts';
import type { NodeProgram } from '../../systems/runtime/node-program.ts';
import type { Endpoint } from '../../systems/runtime/runtime.ts';
import type { ClientContext, System } from '../../systems/system.ts';

const CLIENT_PORT = 7000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const program: NodeProgram = (runtime) => {
  const registers = new Map<string, string>();
  runtime.listen(CLIENT_PORT, (connection) => {
    let rest = '';
    connection.onData((bytes) => {
      const lines = (rest + decoder.decode(bytes)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [verb, key = '', value = ''] = line.split(' ');
        if (verb === 'w') registers.set(key, value);
        connection.write(encoder.encode(`${registers.get(key) ?? 'null'}\n`));
      }
    });
  });
  return { status: () => ({ role: 'leader', term: 1, leader: null }) };
};

function openClient(endpoint: Endpoint, { address }: ClientContext): Client {
  const connection = endpoint.connect(address);
  let settle: ((completion: Completion) => void) | null = null;
  let rest = '';
  const answer = (completion: Completion): void => {
    const waiting = settle;
    settle = null;
    waiting?.(completion);
  };
  connection.onData((bytes) => {
    rest += decoder.decode(bytes);
    if (!rest.endsWith('\n')) return;
    const value = JSON.parse(rest) as Json;
    rest = '';
    answer({ type: 'ok', value });
  });
  connection.onClose((reason) => answer({ type: 'info', error: { code: reason } }));
  return {
    invoke: ({ f, key, value }) =>
      new Promise((resolve) => {
        settle = resolve;
        const request = f === 'write' ? `w ${key ?? ''} ${JSON.stringify(value)}\n` : `r ${key ?? ''}\n`;
        connection.write(encoder.encode(request));
      }),
    close: () => connection.close(),
  };
}

export const memory: System = {
  name: 'memory',
  summary: 'registers in the memory of one process',
  defaultNodes: 1,
  functions: ['read', 'write'],
  options: [],
  errors: [],
  bugs: [],
  program,
  clientPort: CLIENT_PORT,
  openClient: (endpoint, context) => Promise.resolve(openClient(endpoint, context)),
};
