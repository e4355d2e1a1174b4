/**
 * A toy system for tests of nemeses: what each node saw of a fault, from inside.
 *
 * Every node sends its name to every peer once in 10 ms of its own clock, answers connections with an echo, and has written, and not
 * synced, a file. The {@link Witness} of a node outlives its process.
 */
import { serveEcho, toySystem } from '../../harness/cluster/sim/toy-system.ts';
import { msToNs } from '../../harness/units.ts';
import type { System } from '../../systems/system.ts';

const INTERVAL_MS = 10;
const FILE = 'unsynced';
export const FILE_BYTES = 5_000;

export class Witness {
  /** Messages by sender, in the order of their arrival. */
  readonly heard: { from: string; number: number }[] = [];
  /** What was read at each tick. */
  readonly wallMs: number[] = [];
  starts = 0;
  /** What the last start found on the disk. */
  recoveredBytes = 0;
  sent = 0;

  heardFrom(peer: string): number {
    return this.heard.filter(({ from }) => from === peer).length;
  }

  forget(): void {
    this.heard.length = 0;
    this.wallMs.length = 0;
  }
}

export interface Gossip {
  readonly system: System;
  readonly witnesses: ReadonlyMap<string, Witness>;
  of(node: string): Witness;
  /** Who says that it leads, in which term. */
  readonly leaders: Map<string, number>;
}

export function gossip(nodes: readonly string[]): Gossip {
  const witnesses = new Map(nodes.map((node) => [node, new Witness()]));
  const leaders = new Map<string, number>();
  const of = (node: string): Witness => witnesses.get(node) as Witness;
  const system = toySystem((runtime, { name, peers }) => {
    const witness = of(name);
    witness.starts++;
    serveEcho(runtime);
    runtime.onDatagram((from, bytes) => {
      witness.heard.push({ from, number: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) });
    });
    const tick = (): void => {
      witness.wallMs.push(runtime.wallMs());
      witness.sent++;
      for (const peer of peers) {
        if (peer === name) continue;
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setUint32(0, witness.sent);
        runtime.sendDatagram(peer, bytes);
      }
      runtime.setTimer(msToNs(INTERVAL_MS), tick);
    };
    runtime.setTimer(msToNs(INTERVAL_MS), tick);
    const recover = async (): Promise<void> => {
      const file = await runtime.files.open(FILE, { create: true });
      witness.recoveredBytes = await file.sizeBytes();
      await runtime.files.syncDirectory('');
      if (witness.recoveredBytes < FILE_BYTES) await file.append(new Uint8Array(FILE_BYTES));
    };
    void recover();
    return {
      status: () => {
        const term = leaders.get(name);
        return { role: term === undefined ? 'follower' : 'leader', term: term ?? 0, leader: null };
      },
    };
  });
  return { system, witnesses, of, leaders };
}
