/**
 * The key-value server as Shaketable sees it: what to start, when it is ready, and how a client talks to it.
 *
 *     npx shaketable run kv register --cluster process
 */
import { join } from 'node:path';
import {
  type Address,
  type Client,
  type ClientContext,
  type Completion,
  defineSystem,
  errorCompletion,
  type Invocation,
  type Json,
  type SystemError,
} from 'shaketable';

/** As the server is told where nobody says otherwise; as child processes of one machine, nodes get others. */
const PORT = 8080;
const REQUEST_TIMEOUT_MS = 2_000;

/** What is not in this table may have happened or not: the operation is then `info`, and no checker presumes anything. */
const ERRORS: readonly SystemError[] = [
  { code: 1, name: 'connection-refused', definite: true, meaning: 'nothing was sent' },
  { code: 412, name: 'precondition-failed', definite: true, meaning: 'the value was not the expected one' },
  { code: 503, name: 'unavailable', definite: true, meaning: 'the node did not pass the request on' },
];

const urlOf = ({ host, port }: Address, key: string): string => `http://${host}:${port}/${key}`;

/** One thread's client: one operation at a time. Connections are kept and used again by fetch. */
class KvClient implements Client {
  private readonly context: ClientContext;

  constructor(context: ClientContext) {
    this.context = context;
  }

  async invoke({ f, key, value }: Invocation): Promise<Completion> {
    // Asked each time: a node may listen elsewhere after a restart.
    const url = urlOf(this.context.locate(this.context.node), String(key));
    try {
      const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const response = await fetch(url, { signal, ...requestOf(f, value) });
      const body = await response.text();
      if (response.ok) return f === 'read' ? { type: 'ok', value: JSON.parse(body) as Json } : { type: 'ok' };
      return this.failed(f, response.status);
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { readonly code?: string };
      if (code === 'ECONNREFUSED') return this.failed(f, 'connection-refused');
      return this.failed(f, code ?? (error as Error).name);
    }
  }

  /** A read without an answer changed nothing, whatever became of it. */
  private failed(f: string, error: number | string): Completion {
    const completion = errorCompletion(ERRORS, error);
    return f === 'read' ? { ...completion, type: 'fail' } : completion;
  }

  close(): void {
    // There is nothing to give back.
  }
}

function requestOf(f: string, value: Invocation['value']): RequestInit {
  if (f === 'read') return { method: 'GET' };
  if (f === 'write') return { method: 'PUT', body: JSON.stringify({ value }) };
  const [expected, wanted] = value as readonly [unknown, unknown];
  return { method: 'PUT', body: JSON.stringify({ value: wanted, expected }) };
}

export default defineSystem({
  name: 'kv',
  summary: 'the key-value server of shake/kv-server.mjs',
  defaultNodes: 3,
  functions: ['read', 'write', 'cas'],
  errors: ERRORS,
  clientPort: PORT,
  server: {
    // Node.js runs it, in child processes and in containers. For anything else: `executable: 'etcd'`, `image: '…'`.
    entry: join(import.meta.dirname, 'kv-server.mjs'),
    arguments: ({ number, nodes, listenHost, address }) => {
      const addresses = nodes.map((node) => address(PORT, node));
      return [String(number), listenHost, ...addresses.map(({ host, port }) => `${host}:${port}`)];
    },
    // What it writes there outlives kills.
    environment: ({ dataDirectory }) => ({ DATA_DIRECTORY: dataDirectory }),
    // Asked until it is true.
    isReady: async ({ locate }) => (await fetch(urlOf(locate(), 'anything'))).ok,
  },
  openClient: (_endpoint, context) => Promise.resolve(new KvClient(context)),
});
