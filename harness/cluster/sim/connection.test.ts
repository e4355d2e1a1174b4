import { describe, expect, it } from 'vitest';
import { msToNs, sToNs } from '../../units.ts';
import type { CloseReason, Connection, Runtime } from '../../../systems/runtime/runtime.ts';
import { SimCluster, type SimClusterOptions } from './sim-cluster.ts';
import { serveEcho, toySystem, TOY_PORT } from './toy-system.ts';

/** What one side of a connection saw, with times in milliseconds. */
interface Side {
  connection: Connection;
  readonly events: [what: string, atMs: number][];
  text: string;
}

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Two nodes; n2 listens, and n1 connects when `connect` is called. */
class Pair {
  readonly cluster: SimCluster;
  readonly accepted: Side[] = [];
  #runtime: Runtime | null = null;

  constructor(options: Partial<SimClusterOptions> = {}) {
    this.cluster = new SimCluster({
      nodes: ['n1', 'n2'],
      seed: 3,
      ...options,
      system: toySystem((runtime) => {
        if (runtime.host === 'n1') this.#runtime = runtime;
        else runtime.listen(TOY_PORT, (connection) => this.accepted.push(this.#watch(connection)));
      }),
    });
  }

  run(main: (pair: Pair) => Promise<void>): Promise<void> {
    return this.cluster.run(async () => {
      await this.cluster.start();
      await main(this);
    });
  }

  connect(host = 'n2', port = TOY_PORT): Side {
    return this.#watch(this.#runtime!.connect({ host, port }));
  }

  async connected(): Promise<{ here: Side; there: Side }> {
    const here = this.connect();
    await this.sleep(10);
    return { here, there: this.accepted.at(-1)! };
  }

  sleep(ms: number): Promise<void> {
    return this.cluster.clock.sleep(msToNs(ms));
  }

  #watch(connection: Connection): Side {
    const side: Side = { connection, events: [], text: '' };
    const note = (what: string): void => void side.events.push([what, this.cluster.clock.now() / 1e6]);
    connection.onOpen(() => note('open'));
    connection.onData((data) => {
      side.text += new TextDecoder().decode(data);
    });
    connection.onClose((reason) => note(reason));
    return side;
  }
}

const kinds = (side: Side): string[] => side.events.map(([what]) => what);
const timeOf = (side: Side, what: CloseReason): number => side.events.find(([kind]) => kind === what)![1];

describe('connections', () => {
  it('open, carry bytes in order both ways, and close after what was written', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      const here = pair.connect();
      for (let i = 0; i < 100; i++) here.connection.write(bytes(`${i},`)); // before it is open
      expect(here.connection.bufferedBytes).toBeGreaterThan(0);
      await pair.sleep(10);
      const there = pair.accepted[0]!;
      expect(there.text).toBe(Array.from({ length: 100 }, (_, i) => `${i},`).join(''));
      expect(here.connection.bufferedBytes).toBe(0);
      there.connection.write(bytes('bye'));
      there.connection.close();
      there.connection.write(bytes('too late'));
      await pair.sleep(10);
      // A message each write, however it was cut on its way: 100 and a goodbye.
      expect(pair.cluster.traffic().betweenNodes).toEqual({ messages: 101, bytes: there.text.length + 3 });
      expect(here.text).toBe('bye');
      expect(kinds(here)).toEqual(['open', 'closed']);
      expect(kinds(there)).toEqual(['open', 'closed']);
      here.connection.write(bytes('nobody hears'));
      here.connection.close();
      await pair.sleep(10);
      expect(kinds(here)).toEqual(['open', 'closed']);
      expect(there.connection.remote.host).toBe('n1');
      expect(here.connection.remote).toEqual({ host: 'n2', port: TOY_PORT });
    });
  });

  it('are refused where nobody listens or no process runs', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      const wrongPort = pair.connect('n2', 1);
      await pair.sleep(10);
      expect(kinds(wrongPort)).toEqual(['refused']);
      await pair.cluster.kill('n2');
      const dead = pair.connect();
      await pair.sleep(10);
      expect(kinds(dead)).toEqual(['refused']);
    });
  });

  it('are unreachable on hosts without power, behind a cut, or that do not exist', async () => {
    for (const direction of [['n1', 'n2'], ['n2', 'n1'], null] as const) {
      const pair = new Pair();
      await pair.run(async () => {
        if (direction === null) await pair.cluster.kill('n2', { loseUnsynced: true });
        else await pair.cluster.cut(direction[0], direction[1]);
        const sides = [pair.connect(), pair.connect('nowhere')];
        await pair.sleep(6000);
        for (const side of sides) {
          expect(kinds(side)).toEqual(['unreachable']);
          expect(timeOf(side, 'unreachable')).toBe(5000);
        }
      });
    }
  });

  it('open late when the cut ends in time', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      await pair.cluster.cut('n1', 'n2');
      const here = pair.connect();
      await pair.sleep(1000);
      const observed = await pair.cluster.heal('n1', 'n2');
      expect(observed['connectionsStalled']).toBeGreaterThan(0);
      await pair.sleep(1000);
      expect(kinds(here)).toEqual(['open']);
    });
  });

  it('stall behind a cut, hold what is written, and go on where they stopped', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      const { here, there } = await pair.connected();
      await pair.cluster.cut('n1', 'n2');
      here.connection.write(bytes('one '));
      here.connection.write(bytes('two '));
      await pair.sleep(1000);
      expect(there.text).toBe('');
      expect(here.connection.bufferedBytes).toBe(8);
      const observed = await pair.cluster.heal('n1', 'n2');
      expect(observed).toMatchObject({ connectionsStalled: 1 });
      expect(observed['messagesDropped']).toBeGreaterThan(1); // the first try and the retransmissions
      here.connection.write(bytes('three'));
      await pair.sleep(2000);
      expect(there.text).toBe('one two three');
      expect(here.connection.bufferedBytes).toBe(0);
      expect(kinds(here)).toEqual(['open']);
    });
  });

  it('stall when no acknowledgement comes back', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      const { here, there } = await pair.connected();
      await pair.cluster.cut('n2', 'n1');
      here.connection.write(bytes('heard, '));
      await pair.sleep(100);
      here.connection.write(bytes('held'));
      await pair.sleep(100);
      expect(there.text).toBe('heard, ');
      expect(await pair.cluster.heal('n2', 'n1')).toMatchObject({ connectionsStalled: 1 });
      await pair.sleep(1000);
      expect(there.text).toBe('heard, held');
    });
  });

  it('are reset after a bounded time behind a cut, on both sides', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      const { here, there } = await pair.connected();
      await pair.cluster.cut('n1', 'n2');
      here.connection.write(bytes('lost'));
      await pair.sleep(60_000);
      expect(kinds(here)).toEqual(['open', 'reset']);
      expect(timeOf(here, 'reset')).toBeGreaterThanOrEqual(10_000);
      expect(timeOf(here, 'reset')).toBeLessThan(14_000);
      expect(kinds(there)).toEqual(['open', 'reset']);
    });
  });

  it('deliver everything in order over a link that loses much', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      const { here, there } = await pair.connected();
      await pair.cluster.degrade('n1', 'n2', { lossProbability: 0.3, reorderProbability: 0.3, reorderMs: 5 });
      const sent: string[] = [];
      for (let i = 0; i < 200; i++) {
        sent.push(`${i},`);
        here.connection.write(bytes(`${i},`));
        await pair.sleep(10);
      }
      const observed = await pair.cluster.restore('n1', 'n2');
      await pair.sleep(5000);
      expect(there.text).toBe(sent.join(''));
      expect(observed['messagesDropped']).toBeGreaterThan(0);
      expect(observed['connectionsStalled']).toBeGreaterThan(0);
      expect(observed['messagesDelayed']).toBeGreaterThan(0);
    });
  });

  it('are reset when the process at the other end is killed', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      const { here, there } = await pair.connected();
      expect(await pair.cluster.kill('n2')).toMatchObject({ processesKilled: 1, connectionsReset: 1 });
      await pair.sleep(10);
      expect(kinds(here)).toEqual(['open', 'reset']);
      expect(kinds(there)).toEqual(['open']); // the dead hear nothing
    });
  });

  it('keep their order when a pause ends at the instant at which more arrives', async () => {
    const pair = new Pair({ network: { tailMs: 0, bandwidthBytesPerS: Infinity } });
    await pair.run(async () => {
      const { here, there } = await pair.connected();
      await pair.cluster.pause('n2');
      const at = pair.cluster.clock.now();
      here.connection.write(bytes('first '));
      await pair.sleep(1);
      here.connection.write(bytes('second'));
      await pair.sleep(0.35);
      expect(pair.cluster.clock.now() - at).toBe(msToNs(1.35));
      await pair.cluster.resume('n2');
      await pair.sleep(1);
      expect(there.text).toBe('first second');
    });
    const earlier = new Pair({ network: { tailMs: 0, bandwidthBytesPerS: Infinity } });
    await earlier.run(async () => {
      const { here, there } = await earlier.connected();
      await earlier.cluster.pause('n2');
      here.connection.write(bytes('first '));
      earlier.cluster.clock.setTimer(msToNs(1.35), () => void earlier.cluster.resume('n2'));
      await earlier.sleep(1);
      here.connection.write(bytes('second'));
      await earlier.sleep(1);
      expect(there.text).toBe('first second');
    });
  });

  it('outlive the power of the other host until it answers, or time is up', async () => {
    const pair = new Pair();
    await pair.run(async () => {
      const { here } = await pair.connected();
      await pair.cluster.kill('n2', { loseUnsynced: true });
      here.connection.write(bytes('hello?'));
      await pair.sleep(1000);
      expect(kinds(here)).toEqual(['open']);
      await pair.cluster.restart('n2');
      await pair.sleep(2000);
      expect(kinds(here)).toEqual(['open', 'reset']);
    });
    const silent = new Pair();
    await silent.run(async () => {
      const { here } = await silent.connected();
      await silent.cluster.kill('n2', { loseUnsynced: true });
      await silent.sleep(60_000);
      expect(timeOf(here, 'reset')).toBeCloseTo(10_010, 0);
    });
  });

  it('press back while the receiver is paused, within the window, and lose nothing', async () => {
    const pair = new Pair({ network: { windowBytes: 1000 } });
    await pair.run(async () => {
      const { here, there } = await pair.connected();
      await pair.cluster.pause('n2');
      for (let i = 0; i < 50; i++) here.connection.write(new Uint8Array(100).fill(97));
      await pair.sleep(1000);
      expect(here.connection.bufferedBytes).toBe(4000);
      const opening = pair.connect(); // the operating system accepts, the process does not
      await pair.sleep(10);
      expect(kinds(opening)).toEqual(['open']);
      expect(pair.accepted).toHaveLength(1);
      await pair.cluster.resume('n2');
      await pair.sleep(1000);
      expect(there.text).toBe('a'.repeat(5000));
      expect(here.connection.bufferedBytes).toBe(0);
      expect(pair.accepted).toHaveLength(2);
    });
  });

  it('keep what arrives before anyone listens', async () => {
    const seen: string[] = [];
    const cluster = new SimCluster({
      nodes: ['n1', 'n2'],
      seed: 1,
      system: toySystem((runtime) => {
        if (runtime.host === 'n2') return serveEcho(runtime);
        const connection = runtime.connect({ host: 'n2', port: TOY_PORT });
        connection.write(bytes('hello'));
        runtime.setTimer(sToNs(1), () => {
          connection.onData((data) => seen.push(new TextDecoder().decode(data)));
          connection.onOpen(() => seen.push('open'));
          expect(seen).toEqual([]); // never inside the call that registered
        });
      }),
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(sToNs(2));
    });
    expect(seen).toEqual(['hello', 'open']);
  });

  it('tell of what came before the end, also when someone begins to listen at the last moment', async () => {
    const seen: string[] = [];
    const cluster = new SimCluster({
      nodes: ['n1', 'n2'],
      seed: 1,
      network: { tailMs: 0, bandwidthBytesPerS: Infinity },
      system: toySystem((runtime) => {
        if (runtime.host === 'n2') {
          runtime.listen(TOY_PORT, (connection) => {
            connection.write(bytes('last words'));
            connection.close();
          });
          return;
        }
        const connection = runtime.connect({ host: 'n2', port: TOY_PORT });
        connection.onOpen(() => {
          connection.onData((data) => seen.push(new TextDecoder().decode(data)));
          connection.onClose((reason) => seen.push(reason));
        });
      }),
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(sToNs(1));
    });
    expect(seen).toEqual(['last words', 'closed']);
  });

  it('are reset at the other side when they are closed before they opened: what waited is dropped', async () => {
    await new Pair().run(async (pair) => {
      await pair.cluster.degrade('n2', 'n1', { delayMs: 100 }); // accepted at once, open here much later
      const here = pair.connect();
      here.connection.write(bytes('never sent'));
      await pair.sleep(10);
      here.connection.close();
      await pair.sleep(1000);
      expect(kinds(here)).toEqual(['closed']);
      expect(pair.accepted.map(kinds)).toEqual([['open', 'reset']]);
      expect(pair.accepted[0]!.text).toBe('');
    });
  });

  it('cut and join what is written: the boundaries of chunks mean nothing', async () => {
    const lengths: number[] = [];
    let text = '';
    const message = 'x'.repeat(99) + '|';
    const cluster: SimCluster = new SimCluster({
      nodes: ['n1', 'n2'],
      seed: 3,
      system: toySystem((runtime) => {
        if (runtime.host === 'n2') {
          runtime.listen(TOY_PORT, (accepted) =>
            accepted.onData((data) => {
              lengths.push(data.length);
              text += new TextDecoder().decode(data);
            }),
          );
          return;
        }
        const connection = runtime.connect({ host: 'n2', port: TOY_PORT });
        const send = (left: number): void => {
          for (let i = 0; i < 2; i++) connection.write(bytes(message));
          if (left > 0) runtime.setTimer(msToNs(5), () => send(left - 1));
          else connection.write(new Uint8Array(200_000));
        };
        connection.onOpen(() => send(99));
      }),
    });
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(sToNs(2));
    });
    expect(text.slice(0, 20_000)).toBe(message.repeat(200));
    expect(text.length).toBe(220_000);
    const small = lengths.filter((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b, 0) <= 20_000);
    expect(small.filter((length) => length === 100).length).toBeGreaterThan(50);
    expect(small.filter((length) => length === 200).length).toBeGreaterThan(10);
    expect(small.filter((length) => length % 100 !== 0).length).toBeGreaterThan(10);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(64 * 1024);
  });

  it('carry a chunk larger than the window', async () => {
    const pair = new Pair({ network: { windowBytes: 10 } });
    await pair.run(async () => {
      const { here, there } = await pair.connected();
      here.connection.write(new Uint8Array(1000).fill(97));
      here.connection.write(bytes('b'));
      here.connection.close();
      await pair.sleep(100);
      expect(there.text).toBe(`${'a'.repeat(1000)}b`);
      expect(kinds(there)).toEqual(['open', 'closed']);
    });
  });

  it('free a port that nobody listens on any more, and refuse one that is taken', async () => {
    const errors: string[] = [];
    const cluster = new SimCluster({
      nodes: ['n1'],
      seed: 1,
      system: toySystem((runtime) => {
        const listener = runtime.listen(1, () => undefined);
        try {
          runtime.listen(1, () => undefined);
        } catch (error) {
          errors.push((error as Error).message);
        }
        listener.close();
        runtime.listen(1, () => undefined);
      }),
    });
    await cluster.run(() => cluster.start());
    expect(errors).toEqual(['n1: port 1 is taken']);
  });
});
