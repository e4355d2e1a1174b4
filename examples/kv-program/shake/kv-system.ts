/**
 * The key-value node as Shaketable sees it: its program, and how a client talks to it.
 *
 *     npx shaketable run kv register
 */
import {
  type Client,
  type ClientContext,
  type Completion,
  type Connection,
  defineSystem,
  type Endpoint,
  errorCompletion,
  type Invocation,
  msToNs,
  onJson,
  sendJson,
  type SystemError,
} from 'shaketable';
import { kvNode, PORT, type Reply, type Request } from './kv-node.ts';

const REQUEST_TIMEOUT_MS = 1_000;

/** What is not in this table may have happened or not: the operation is then `info`, and no checker presumes anything. */
const ERRORS: readonly SystemError[] = [
  { code: 1, name: 'refused', definite: true, meaning: 'there was no connection: nothing was sent' },
  { code: 2, name: 'precondition-failed', definite: true, meaning: 'the value was not the expected one' },
];

/** One thread's client: one operation at a time. Like the node it has its time and its connections from outside. */
class KvClient implements Client {
  private readonly endpoint: Endpoint;
  private readonly context: ClientContext;
  private connection: Connection | null = null;
  private settle: (completion: Completion) => void = () => {};

  constructor(endpoint: Endpoint, context: ClientContext) {
    this.endpoint = endpoint;
    this.context = context;
  }

  async invoke({ f, key, value }: Invocation): Promise<Completion> {
    const connection = this.connection ?? this.connect();
    const completion = await new Promise<Completion>((settle) => {
      this.settle = settle;
      const timeout = this.endpoint.setTimer(msToNs(REQUEST_TIMEOUT_MS), () => {
        // A late answer must not be taken for that of the next request.
        connection.close();
        this.lose(connection, 'timeout');
      });
      this.settle = (ended) => {
        timeout.cancel();
        settle(ended);
      };
      sendJson(connection, requestOf(f, String(key), value));
    });
    if (f === 'read') return completion.type === 'info' ? { ...completion, type: 'fail' } : completion;
    return completion.type === 'ok' ? { type: 'ok' } : completion;
  }

  close(): void {
    this.connection?.close();
  }

  private connect(): Connection {
    const connection = this.endpoint.connect(this.context.address);
    this.connection = connection;
    onJson(connection, (json) => {
      const reply = json as Reply;
      this.settle(
        'error' in reply ? errorCompletion(ERRORS, reply.error) : { type: 'ok', value: reply.value },
      );
    });
    connection.onClose((reason) => this.lose(connection, reason));
    return connection;
  }

  private lose(connection: Connection, error: string): void {
    if (connection !== this.connection) return;
    this.connection = null;
    this.settle(errorCompletion(ERRORS, error));
  }
}

function requestOf(f: string, key: string, value: Invocation['value']): Request {
  if (f === 'read') return { f, key };
  if (f === 'write') return { f, key, value };
  const [expected = null, wanted = null] = value as readonly Invocation['value'][];
  return { f: 'cas', key, value: wanted, expected };
}

export default defineSystem({
  name: 'kv',
  summary: 'the key-value node of shake/kv-node.ts',
  defaultNodes: 3,
  functions: ['read', 'write', 'cas'],
  errors: ERRORS,
  clientPort: PORT,
  program: kvNode,
  openClient: (endpoint, context) => Promise.resolve(new KvClient(endpoint, context)),
});
