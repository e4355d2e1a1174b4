import { describe, expect, it } from 'vitest';
import { decodeMessages, encodeMessages } from '../../history/messages.ts';
import { msToNs } from '../../units.ts';
import type { System } from '../../../systems/system.ts';
import { SimCluster } from './sim-cluster.ts';
import { toySystem } from './toy-system.ts';

/** n1 greets n2 by a datagram every millisecond, and n3 once over a connection, in two writes. */
function greeting(recordsMessages = true, more: Partial<System> = {}): SimCluster {
  const system = toySystem((runtime) => {
    if (runtime.host === 'n3') runtime.listen(7, (connection) => connection.onData(() => undefined));
    if (runtime.host !== 'n1') return;
    const greet = (count: number): void => {
      runtime.sendDatagram('n2', new TextEncoder().encode(`hello ${count}`));
      if (count < 5) runtime.setTimer(msToNs(1), () => greet(count + 1));
    };
    greet(1);
    const connection = runtime.connect({ host: 'n3', port: 7 });
    connection.onOpen(() => {
      connection.write(new TextEncoder().encode('first\nline'));
      connection.write(new Uint8Array([0, 1, 2]));
    });
  });
  return new SimCluster({
    nodes: ['n1', 'n2', 'n3'],
    seed: 1,
    recordsMessages,
    system: { ...system, ...more },
  });
}

describe('the messages of a run', () => {
  it('are written down with what became of them, and change nothing', async () => {
    const cluster = greeting();
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(2.5));
      await cluster.cut('n1', 'n2');
      await cluster.clock.sleep(msToNs(10));
    });
    const datagrams = cluster.messages.filter(({ to }) => to === 'n2');
    expect(datagrams.map(({ text, fate }) => `${text} ${fate}`)).toEqual([
      'hello 1 arrived',
      'hello 2 arrived',
      'hello 3 arrived',
      'hello 4 dropped',
      'hello 5 dropped',
    ]);
    for (const { sent, arrived, fate } of datagrams)
      expect(arrived === null ? fate : arrived > sent).toBe(arrived === null ? 'dropped' : true);
    const written = cluster.messages.filter(({ to }) => to === 'n3');
    expect(written.map(({ from, text, fate }) => `${from} ${text} ${fate}`)).toEqual([
      'n1 first arrived',
      'n1 3 bytes arrived',
    ]);

    const silent = greeting(false);
    await silent.run(async () => {
      await silent.start();
      await silent.clock.sleep(msToNs(2.5));
      await silent.cut('n1', 'n2');
      await silent.clock.sleep(msToNs(10));
    });
    expect(silent.eventHash).toBe(cluster.eventHash);
    expect(silent.messages).toEqual([]);
  });

  it('are unseen where nobody is there to take them', async () => {
    const cluster = greeting();
    await cluster.run(async () => {
      await cluster.start();
      await cluster.kill('n2');
      await cluster.clock.sleep(msToNs(10));
    });
    const fates = cluster.messages.filter(({ to }) => to === 'n2').map(({ fate }) => fate);
    expect(new Set(fates)).toEqual(new Set(['unseen']));
  });

  it.each<[string, NonNullable<System['describeMessages']>]>([
    [
      'throws',
      () => {
        throw new Error('not today');
      },
    ],
    [
      'throws for a message',
      () => () => {
        throw new RangeError('outside the bounds of the buffer');
      },
    ],
    ['answers what is no text', () => () => ({ text: 7 as unknown as string })],
  ])('are plain text where the description %s, and the nodes run on', async (_, describeMessages) => {
    const [plain, described] = [greeting(), greeting(true, { describeMessages })];
    for (const cluster of [plain, described])
      await cluster.run(async () => {
        await cluster.start();
        await cluster.clock.sleep(msToNs(10));
      });
    expect(described.crashes).toEqual([]);
    expect(described.eventHash).toBe(plain.eventHash);
    expect(described.messages).toEqual(plain.messages);
  });

  it('are read back as they were written', async () => {
    const cluster = greeting();
    await cluster.run(async () => {
      await cluster.start();
      await cluster.clock.sleep(msToNs(10));
    });
    const text = encodeMessages(cluster.messages);
    expect(text.split('\n')[0]).toBe('{"format":"shaketable-messages","version":1}');
    expect(decodeMessages(Buffer.from(text)).records).toEqual(cluster.messages);
    expect(() => decodeMessages(Buffer.from(text.replace('"fate":"arrived"', '"fate":"eaten"')))).toThrow(
      'a message must be {"from"',
    );
  });
});
