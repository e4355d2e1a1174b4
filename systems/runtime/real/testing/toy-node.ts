/**
 * A node of a few lines for tests of the node host, run as a process of its own; option `behaviour` says what it does beside
 * echoing on its port and sending its name to its peers now and then.
 */
import { msToNs } from '../../../../harness/units.ts';
import type { NodeProgram } from '../../node-program.ts';
import type { Runtime } from '../../runtime.ts';
import { startNodeHost } from '../node-host.ts';

const PORT = 7000;
const RECORD_BYTES = 64;
const SYNC_EVERY = 5;

const program: NodeProgram = (runtime, config) => {
  const state = { term: 0, isPossible: true };
  const heard: Record<string, number> = {};
  runtime.onDatagram((from) => (heard[from] = (heard[from] ?? 0) + 1));
  const greet = (): void => {
    for (const peer of config.peers) if (peer !== config.name) runtime.sendDatagram(peer, new Uint8Array(8));
    runtime.setTimer(msToNs(10), greet);
  };
  greet();
  runtime.listen(PORT, (connection) => {
    state.term++;
    connection.onData((bytes) => connection.write(bytes));
  });
  behave(config.options['behaviour'] as string, runtime, state);
  return {
    status: () => ({
      role: 'toy',
      term: state.term,
      leader: null,
      heard: { ...heard },
      wallMs: runtime.wallMs(),
    }),
    invariants: () => {
      if (!state.isPossible) throw new Error('two is one');
    },
  };
};

function behave(behaviour: string, runtime: Runtime, state: { term: number; isPossible: boolean }): void {
  const soon = (callback: () => void): void => void runtime.setTimer(msToNs(50), callback);
  switch (behaviour) {
    case 'print':
      for (let i = 1; i <= 200; i++) {
        process.stdout.write('half a line');
        runtime.trace({ kind: 'durable', index: i });
        console.log('a line', i);
        runtime.log('info', `line ${i}`);
      }
      return;
    case 'write':
      void writeRecords(runtime, SYNC_EVERY);
      return;
    case 'write-only':
      void writeRecords(runtime, Infinity);
      return;
    case 'throw-at-start':
      throw new TypeError('no such thing');
    case 'throw':
      return soon(() => {
        throw new TypeError('no such thing');
      });
    case 'reject':
      return soon(() => void Promise.reject(new Error('nobody listens')));
    case 'crash':
      return soon(() => runtime.crash('a disk it cannot trust'));
    case 'impossible':
      return soon(() => (state.isPossible = false));
    default:
      return;
  }
}

/** Record after record, each full of its number; traces `durable` after the fsync of every few. */
async function writeRecords(runtime: Runtime, syncEvery: number): Promise<void> {
  const { files } = runtime;
  const file = await files.open('log', { create: true });
  for (let i = 1; ; i++) {
    await file.append(new Uint8Array(RECORD_BYTES).fill(i % 256));
    if (i % syncEvery !== 0) continue;
    await file.sync();
    await files.syncDirectory('');
    runtime.trace({ kind: 'durable', index: i });
  }
}

startNodeHost(program);
