/**
 * A system whose nodes tell what they saw: whom they hear, by datagram and over a connection, what their clocks show, and what their
 * disk held when they started. With it a test sees a fault from inside.
 *
 *     const { client } = await open(cluster, 'n1');
 *     await client.invoke({ f: 'look', value: null });    // { datagrams: { n2: 17 }, streams: { n2: 16 }, boots: 1, … }
 *
 * Every node says hello to every other each {@link HELLO_MS} in both ways. `look` forgets what was heard before.
 */
import type { Client, Completion } from '../../../interpreter/client.ts';
import type { Json } from '../../../history/operation.ts';
import { msToNs, nsToMs } from '../../../units.ts';
import type { NodeProgram } from '../../../../systems/runtime/node-program.ts';
import type { Connection, Endpoint, OpenFile, Runtime } from '../../../../systems/runtime/runtime.ts';
import type { ClientContext, System } from '../../../../systems/system.ts';

export const HELLO_MS = 10;
const CLIENT_PORT = 7000;
const HELLO_PORT = 7001;
const HELLO = Uint8Array.of(1);

/** The answer of `look`. */
export type Sight = {
  readonly datagrams: { readonly [peer: string]: number };
  readonly streams: { readonly [peer: string]: number };
  readonly wallMs: number;
  readonly monotonicMs: number;
  /** Timers of 10 ms that fired since the last look. */
  readonly ticks: number;
  /** How often it started on this disk. */
  readonly boots: number;
  /** Bytes in the two files when it started. */
  readonly syncedBytes: number;
  readonly unsyncedBytes: number;
};

const program: NodeProgram = (runtime, { name, peers }) => {
  const others = peers.filter((peer) => peer !== name);
  let datagrams: Record<string, number> = {};
  let streams: Record<string, number> = {};
  let ticks = 0;
  const disk = openDisk(runtime);
  runtime.onDatagram((from) => {
    datagrams[from] = (datagrams[from] ?? 0) + 1;
  });
  // Who connects says who it is, and a byte for each hello after that.
  runtime.listen(HELLO_PORT, (connection) => {
    let from: string | null = null;
    connection.onData((bytes) => {
      if (from === null) from = new TextDecoder().decode(bytes.slice(0, 2));
      else streams[from] = (streams[from] ?? 0) + bytes.length;
    });
  });
  const links = new Map<string, Connection>();
  const tick = (): void => {
    ticks++;
    for (const peer of others) {
      runtime.sendDatagram(peer, HELLO);
      hello(peer);
    }
    runtime.setTimer(msToNs(HELLO_MS), tick);
  };
  const hello = (peer: string): void => {
    const known = links.get(peer);
    if (known !== undefined) return known.write(HELLO);
    const connection = runtime.connect({ host: peer, port: HELLO_PORT });
    links.set(peer, connection);
    connection.write(new TextEncoder().encode(name));
    connection.onClose(() => links.delete(peer));
  };
  runtime.setTimer(0, tick);

  const answers: Record<string, () => Promise<Json>> = {
    look: async () => {
      const { boots, syncedBytes, unsyncedBytes } = await disk;
      const sight: Sight = {
        datagrams,
        streams,
        wallMs: runtime.wallMs(),
        monotonicMs: nsToMs(runtime.monotonicNs()),
        ticks,
        boots,
        syncedBytes,
        unsyncedBytes,
      };
      [datagrams, streams, ticks] = [{}, {}, 0];
      return sight;
    },
    'write-synced': async () => {
      const { synced } = await disk;
      await synced.append(new Uint8Array(100).fill(7));
      await synced.sync();
      return null;
    },
    'write-unsynced': async () => {
      await (await disk).unsynced.append(new Uint8Array(100).fill(7));
      return null;
    },
    crash: async () => {
      runtime.crash('asked to');
      return null;
    },
  };
  runtime.listen(CLIENT_PORT, (connection) => {
    connection.onData((bytes) => {
      const answer = answers[new TextDecoder().decode(bytes).trim()];
      void answer?.().then((value) =>
        connection.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`)),
      );
    });
  });
  runtime.log('info', 'the witness looks');
  return { status: () => ({ role: 'follower', term: 1, leader: null }) };
};

interface WitnessDisk {
  readonly synced: OpenFile;
  readonly unsynced: OpenFile;
  readonly boots: number;
  readonly syncedBytes: number;
  readonly unsyncedBytes: number;
}

async function openDisk({ files }: Runtime): Promise<WitnessDisk> {
  const [synced, unsynced, boot] = await Promise.all(
    ['synced', 'unsynced', 'boots'].map((path) => files.open(path, { create: true })),
  );
  await files.syncDirectory('');
  const [syncedBytes, unsyncedBytes] = [await synced!.sizeBytes(), await unsynced!.sizeBytes()];
  await boot!.append(HELLO);
  await boot!.sync();
  return { synced: synced!, unsynced: unsynced!, boots: await boot!.sizeBytes(), syncedBytes, unsyncedBytes };
}

/** One question at a time. */
function openClient(endpoint: Endpoint, { address }: ClientContext): Client {
  const connection = endpoint.connect(address);
  let settle: ((completion: Completion) => void) | null = null;
  let text = '';
  const answer = (completion: Completion): void => {
    const waiting = settle;
    settle = null;
    waiting?.(completion);
  };
  connection.onData((bytes) => {
    text += new TextDecoder().decode(bytes);
    if (!text.endsWith('\n')) return;
    answer({ type: 'ok', value: JSON.parse(text) as Json });
    text = '';
  });
  connection.onClose((reason) => answer({ type: 'info', error: { code: reason } }));
  return {
    invoke: ({ f }) =>
      new Promise((resolve) => {
        settle = resolve;
        connection.write(new TextEncoder().encode(`${f}\n`));
      }),
    close: () => connection.close(),
  };
}

export const witness: System = {
  name: 'witness',
  summary: 'tells what its nodes saw',
  defaultNodes: 3,
  functions: ['look', 'write-synced', 'write-unsynced', 'crash'],
  options: [],
  errors: [],
  bugs: [],
  program,
  clientPort: CLIENT_PORT,
  otherPorts: [HELLO_PORT],
  openClient: (endpoint, context) => Promise.resolve(openClient(endpoint, context)),
};
