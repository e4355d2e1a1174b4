/**
 * A node for tests of containers: plain lines on standard input and output, so that a test can ask it from outside what the world
 * looks like from inside.
 *
 *     const node = new LineNode(await backend.start(node.launch('n1')));
 *     await node.ask('connect n2 7000 500')      // connected | timeout | ECONNREFUSED
 */
import type { Launch, NodeProcess } from '../../real/backend.ts';

export const LINE_NODE_PORT = 7000;
const LINE_NODE_DATAGRAM_PORT = 7001;

const PROGRAM = `
import { connect, createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces, hostname } from 'node:os';
import { createInterface } from 'node:readline';

const server = createServer((socket) => { socket.on('error', () => {}); socket.end('hello from ' + hostname()); });
await new Promise((resolve) => server.listen(${LINE_NODE_PORT}, '0.0.0.0', resolve));
let received = 0;
const udp = createSocket('udp4');
udp.on('message', () => received++);
await new Promise((resolve) => udp.bind(${LINE_NODE_DATAGRAM_PORT}, '0.0.0.0', resolve));
process.on('SIGTERM', () => { process.stderr.write('asked to end'); process.exit(0); });

const commands = {
  connect: (host, port, timeoutMs) => new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const end = (answer) => { clearTimeout(timer); socket.destroy(); resolve(answer); };
    const timer = setTimeout(() => end('timeout'), Number(timeoutMs));
    socket.on('connect', () => end('connected'));
    socket.on('error', (error) => end(error.code));
  }),
  send: async (host, count) => {
    for (let i = 0; i < Number(count); i++) await new Promise((done) => udp.send('x', ${LINE_NODE_DATAGRAM_PORT}, host, done));
    return 'sent';
  },
  received: () => received,
  address: () => Object.values(networkInterfaces()).flat().filter((one) => !one.internal).map((one) => one.address).join(),
  hostname,
  now: () => Date.now(),
  write: (name, text) => { writeFileSync('/data/' + name, text); return 'written'; },
  read: (name) => { try { return readFileSync('/data/' + name, 'utf8'); } catch (error) { return error.code; } },
  burn: (ms) => { const end = performance.now() + Number(ms); let turns = 0; while (performance.now() < end) turns++; return turns; },
  fill: (mebibytes) => { globalThis.filled = Buffer.alloc(Number(mebibytes) * 1048576, 1); return 'filled'; },
  flood: (bytes) => { process.stdout.write('x'.repeat(Number(bytes))); process.stdout.write('\\n', () => process.exit(7)); return 'flooded'; },
  environment: (name) => process.env[name] ?? '',
  file: (name) => readFileSync('/shaketable/' + name, 'utf8'),
};

console.log('ready');
const lines = createInterface({ input: process.stdin });
lines.on('line', async (line) => {
  const [command, ...words] = line.split(' ');
  console.log(String(await commands[command](...words)));
});
lines.on('close', () => process.exit(0));
`;

/** Answers come in the order of questions. */
export class LineNode {
  readonly output: string[] = [];
  errors = '';
  process: NodeProcess | null = null;
  #text = '';
  #waiting: ((line: string) => void)[] = [];
  #taken = 0;

  launch(node: string, more: Partial<Launch> = {}): Launch {
    return {
      node,
      command: ['node', '/shaketable/node.mjs'],
      environment: {},
      files: { 'node.mjs': PROGRAM, greeting: 'hello' },
      image: null,
      onOutput: (bytes) => this.#receive(Buffer.from(bytes).toString()),
      onError: (bytes) => (this.errors += Buffer.from(bytes).toString()),
      ...more,
    };
  }

  async ask(question: string): Promise<string> {
    this.process?.write(`${question}\n`);
    return this.line();
  }

  line(): Promise<string> {
    const known = this.output[this.#taken++];
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #receive(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      this.output.push(line);
      this.#waiting.shift()?.(line);
    }
  }
}

export async function startLineNode(
  backend: { start(launch: Launch): Promise<NodeProcess> },
  name: string,
  more: Partial<Launch> = {},
): Promise<LineNode & { process: NodeProcess }> {
  const node = new LineNode();
  node.process = await backend.start(node.launch(name, more));
  const first = await node.line();
  if (first !== 'ready') throw new Error(`${name} said: ${first}`);
  return node as LineNode & { process: NodeProcess };
}
