/**
 * One Raft node as a real process.
 *
 *     npm run raft-node -- --id 1 --peers 1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003 --http 8001
 *     curl -X PUT -d '"hello"' localhost:8001/keys/greeting
 *
 * The port of a peer is for the other nodes; clients' binary protocol is served at that port plus
 * `--client-port-offset`. Exit codes: 0 stopped by a signal, 64 usage, 70 the node or the machine failed.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { pathToFileURL } from 'node:url';
import { Command, CommanderError } from 'commander';
import { EXIT, HarnessError, messageOf } from '../../harness/errors.ts';
import type { Json } from '../../harness/history/operation.ts';
import { createRealRuntime, type RealPeer, type RealRuntime } from '../runtime/real/real-runtime.ts';
import { HttpApi } from './http-api.ts';
import { raft } from './index.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const EXAMPLES = `
Examples, each node in a terminal of its own:
  P=1=127.0.0.1:7001,2=127.0.0.1:7002,3=127.0.0.1:7003
  npm run raft-node -- --id 1 --peers $P --http 8001
  npm run raft-node -- --id 2 --peers $P --http 8002
  npm run raft-node -- --id 3 --peers $P --http 8003

Then, at any of them:
  curl localhost:8001/status
  curl -X PUT -d '"hello"' localhost:8001/keys/greeting
  curl localhost:8002/keys/greeting
  curl -X POST -d '["hello","goodbye"]' localhost:8003/keys/greeting/cas
  curl -X POST -d 5 localhost:8001/keys/counter/add
  curl -X DELETE localhost:8001/keys/greeting
`;

interface Arguments {
  readonly id: string;
  readonly peers: string;
  readonly data?: string;
  readonly http?: string;
  readonly bug: readonly string[];
  readonly option: readonly string[];
  readonly trace?: string;
  readonly clientPortOffset: string;
}

const usage = (message: string): HarnessError => new HarnessError('usage', message);

function parsePort(text: string, what: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535)
    throw usage(`${what} is a port from 1 to 65535, not "${text}"`);
  return port;
}

function parsePeers(text: string, clientPortOffset: number): Record<string, RealPeer> {
  const peers: Record<string, RealPeer> = {};
  for (const item of text.split(',')) {
    const match = /^([^=:,\s]+)=(.+):(\d+)$/.exec(item.trim());
    if (match === null) throw usage(`--peers takes ID=HOST:PORT,ID=HOST:PORT,…; "${item}" is none`);
    const [, id, host, portText] = match as unknown as [string, string, string, string];
    const port = parsePort(portText, `the port of peer ${id}`);
    if (Object.hasOwn(peers, id)) throw usage(`--peers names ${id} twice`);
    const clientPort = parsePort(String(port + clientPortOffset), `the client port of peer ${id}`);
    peers[id] = { host, port, ports: { [raft.clientPort]: clientPort } };
  }
  return peers;
}

function parseOptions(pairs: readonly string[]): { [name: string]: Json } {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw usage(`--option takes name=value; "${pair}" is none`);
      const text = pair.slice(at + 1);
      const isJson = /^(true|false|-?\d+(\.\d+)?)$/.test(text);
      return [pair.slice(0, at), isJson ? (JSON.parse(text) as Json) : text];
    }),
  );
}

function parseArguments(argv: readonly string[]): Arguments {
  const collect = (value: string, before: string[]): string[] => [...before, value];
  const options = raft.options
    .map((option) => `  ${option.name}=${option.default}  ${option.meaning}`)
    .join('\n');
  const command = new Command('raft-node')
    .description('one node of a Raft cluster, as a process of its own')
    .requiredOption('--id <id>', 'which of the peers this is')
    .requiredOption('--peers <peers>', 'all members: ID=HOST:PORT,ID=HOST:PORT,…')
    .option('--data <folder>', 'where log and snapshots go (default: raft-data/ID)')
    .option('--http <port>', 'serve the status page and the key API there')
    .option('--client-port-offset <n>', "the client protocol's port is the peer's port plus this", '100')
    .option('--bug <name>', 'run with this bug; may be repeated', collect, [])
    .option('--option <name=value>', 'an option of the node; may be repeated', collect, [])
    .option('--trace <file>', 'append what the node says of itself, as JSON Lines')
    .addHelpText('after', `\nNode options:\n${options}\n${EXAMPLES}`)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  command.parse(argv, { from: 'user' });
  return command.opts<Arguments>();
}

async function main(argv: readonly string[]): Promise<void> {
  const args = parseArguments(argv);
  const offset = parsePort(args.clientPortOffset, '--client-port-offset');
  const peers = parsePeers(args.peers, offset);
  const own = Object.hasOwn(peers, args.id) ? peers[args.id] : undefined;
  if (own === undefined) {
    throw usage(`--id ${args.id} is none of the peers: ${Object.keys(peers).join(', ')}`);
  }
  const httpPort = args.http === undefined ? null : parsePort(args.http, '--http');
  if (httpPort !== null && (httpPort === own.port || httpPort === own.ports?.[raft.clientPort])) {
    const what = httpPort === own.port ? 'peers' : 'clients (--client-port-offset)';
    throw usage(`--http ${httpPort} is this node's port for ${what}: choose another`);
  }
  const options = parseOptions(args.option);
  const names = Object.keys(peers);
  const runtime = createRealRuntime({
    name: args.id,
    peers,
    dataDirectory: args.data ?? `raft-data/${args.id}`,
    ...(args.trace === undefined ? {} : { tracePath: args.trace }),
    onCrash: () => process.exit(EXIT.harness),
  });
  const node = raft.program(runtime, { name: args.id, peers: names, options, bugs: args.bug });
  const stop = (): void => void runtime.close().then(() => process.exit(EXIT.valid));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  if (httpPort !== null) {
    const api = new HttpApi(
      () => raft.openClient(runtime, clientContext(args.id, names, options)),
      () => node.status(),
    );
    await serve(api, httpPort, own.host);
  }
  announce(runtime, own, httpPort);
}

function clientContext(id: string, names: readonly string[], options: { readonly [name: string]: Json }) {
  // The runtime knows where a peer's client port really is.
  const address = (name: string) => ({ host: name, port: raft.clientPort });
  const addresses = new Map(names.map((name) => [name, address(name)]));
  return { node: id, address: address(id), addresses, locate: address, clientId: 0, options };
}

function announce(runtime: RealRuntime, own: RealPeer, httpPort: number | null): void {
  const clients = own.ports?.[raft.clientPort] ?? raft.clientPort;
  const http = httpPort === null ? 'no HTTP' : `HTTP at http://${own.host}:${httpPort}/`;
  runtime.log('info', `peers at ${own.host}:${own.port}, clients at port ${clients}, ${http}`);
}

function serve(api: HttpApi, port: number, host: string): Promise<void> {
  const server = createServer((request, response) => {
    readBody(request)
      .then((body) => api.answer({ method: request.method ?? '', path: request.url ?? '', body }))
      .catch((error: unknown) => ({
        status: error instanceof HarnessError ? 413 : 500,
        contentType: 'application/json',
        body: `${JSON.stringify({ error: messageOf(error) })}\n`,
      }))
      .then((answer) => {
        response.writeHead(answer.status, { 'content-type': answer.contentType }).end(answer.body);
      })
      .catch(() => response.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is in use: choose another with --http' : `: ${error.message}`;
      reject(new HarnessError('io', `HTTP port ${port} ${why}`));
    });
    server.listen(port, host, resolve);
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw usage(`a body has at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main(process.argv.slice(2)).catch((thrown: unknown) => {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) process.exit(0);
      process.stderr.write(`raft-node: ${thrown.message.replace(/^error: /, '')} (--help tells more)\n`);
      process.exit(EXIT.usage);
    }
    const error = HarnessError.from(thrown);
    process.stderr.write(`raft-node: ${error.message}\n`);
    process.exit(error.exitCode);
  });
}
