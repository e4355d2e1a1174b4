import { describe, expect, test } from 'vitest';
import {
  filterScript,
  hasNetem,
  netemArguments,
  netemScript,
  packetsThrough,
  restoreScript,
  rootScript,
} from './netem.ts';
import { containerShell } from './shell.ts';
import { createDockerBackend } from './docker-backend.ts';
import { connectEngine } from './engine.ts';
import { dockerRequirement } from './testing/require-docker.ts';

describe('what tc is told', () => {
  test.each([
    [{ delayMs: 50 }, 'delay 50000us'],
    [{ delayMs: 50, jitterMs: 20 }, 'delay 60000us 10000us'],
    [{ jitterMs: 20 }, 'delay 10000us 10000us'],
    [{ delayMs: 0.5 }, 'delay 500us'],
    [{ duplicateProbability: 0.1 }, 'duplicate 10%'],
    [{ reorderProbability: 0.3, reorderMs: 40 }, 'delay 40000us reorder 70%'],
    [{ delayMs: 10, reorderProbability: 0.3, reorderMs: 40 }, 'delay 30000us 20000us'],
    [{ delayMs: 5, duplicateProbability: 1 / 3 }, 'delay 5000us duplicate 33.333333%'],
  ])('%j', (fault, expected) => {
    expect(netemArguments(fault)).toBe(`limit 100000 ${expected}`);
  });

  test('nothing, when there is nothing for it to do', () => {
    expect(netemArguments({})).toBeNull();
    expect(netemArguments({ lossProbability: 0.5, delayMs: 0, reorderProbability: 0.5 })).toBeNull();
  });

  test('a class, a netem and a filter for each peer', () => {
    expect(
      [rootScript(), netemScript(3, 'delay 1ms'), filterScript('10.0.0.5', 3), restoreScript(3)].join('\n\n'),
    ).toBe(`tc qdisc replace dev eth0 root handle 1: htb default 1
tc class replace dev eth0 parent 1: classid 1:1 htb rate 10gbit quantum 60000

tc class replace dev eth0 parent 1: classid 1:13 htb rate 10gbit quantum 60000
tc qdisc replace dev eth0 parent 1:13 handle 13: netem delay 1ms

tc filter add dev eth0 parent 1: protocol ip prio 4 u32 match ip dst 10.0.0.5/32 flowid 1:13

tc filter del dev eth0 parent 1: protocol ip prio 4
tc -s qdisc show dev eth0
tc qdisc del dev eth0 parent 1:13
tc class del dev eth0 classid 1:13`);
  });

  test('its counters are those of the peer', () => {
    const shown = `qdisc htb 1: root refcnt 2 r2q 10 default 0x1
 Sent 900 bytes 9 pkt (dropped 0, overlimits 0 requeues 0)
qdisc netem 12: parent 1:12 limit 100000 delay 1ms
 Sent 100 bytes 1 pkt (dropped 0, overlimits 0 requeues 0)
qdisc netem 13: parent 1:13 limit 100000 delay 1ms
 Sent 4200 bytes 42 pkt (dropped 0, overlimits 0 requeues 0)
 backlog 0b 0p requeues 0`;
    expect([2, 3, 4].map((number) => packetsThrough(shown, number))).toEqual([1, 42, 0]);
  });
});

const docker = await dockerRequirement();

test.skipIf(docker.skip)(`whether the kernel has netem is what trying it says${docker.note}`, async () => {
  const backend = await createDockerBackend({ runId: 'netem', nodes: ['n1', 'n2'], ports: [] });
  try {
    await backend.prepare();
    const engine = await connectEngine();
    const shell = await containerShell(
      'n1',
      engine.docker.getContainer(`shaketable-${backend.runName}-n1-sandbox`),
    );
    const works = await hasNetem(shell);
    const tried = await shell.run(
      'tc qdisc add dev lo root netem delay 1ms 2>&1 && tc qdisc del dev lo root || true',
    );
    expect(works).toBe(tried === '');
    expect(backend.extraCapabilities).toEqual(works ? ['slow', 'duplicate', 'reorder'] : []);
    expect(backend.network.degradable).toEqual([
      'lossProbability',
      ...(works ? ['delayMs', 'jitterMs', 'duplicateProbability', 'reorderProbability', 'reorderMs'] : []),
    ]);
    // What was tried is gone again.
    expect(await shell.run('tc qdisc show dev lo')).not.toContain('htb');
    shell.close();
    if (works) {
      await backend.network.degrade('n1', 'n2', { delayMs: 50 });
      await backend.network.restore('n1', 'n2');
    }
  } finally {
    await backend.close();
  }
});
