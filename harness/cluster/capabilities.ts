/**
 * Which faults a cluster can inject into a system. A nemesis that needs another is refused before the run starts.
 *
 *     capabilitiesOf('process', raft).has('lose-unsynced')   // true: through the gates of the node's own Runtime
 *     capabilitiesOf('process', etcd).has('cut')             // false: another's process has no gates; use docker
 */
import type { System } from '../../systems/system.ts';
import type { Capability, Cluster } from './cluster.ts';

type ClusterKind = Cluster['kind'];

export const CLUSTER_KINDS: readonly ClusterKind[] = ['sim', 'process', 'docker'];

/** Of programs of ours, in every cluster: the simulator's, or the gates of the real Runtime. */
const GATED: readonly Capability[] = [
  'cut',
  'slow',
  'lose',
  'duplicate',
  'reorder',
  'kill',
  'lose-unsynced',
  'pause',
  'skew-clock',
  'drift-clock',
];

/** What `tc netem` adds for servers in containers, where the kernel has it: known only once the engine was asked. */
export const NETEM_CAPABILITIES: readonly Capability[] = ['slow', 'duplicate', 'reorder'];

/** Whether a system runs in a cluster at all. */
export function runsIn(kind: ClusterKind, { program, server }: System): boolean {
  if (program !== undefined) return true;
  if (server === undefined) return false;
  switch (kind) {
    case 'sim':
      return false;
    case 'process':
      return server.executable !== undefined || server.entry !== undefined;
    case 'docker':
      return server.image !== undefined || server.entry !== undefined;
  }
}

/** What a cluster can do to a system's nodes; of containers without {@link NETEM_CAPABILITIES}. */
export function capabilitiesOf(kind: ClusterKind, system: System): ReadonlySet<Capability> {
  if (!runsIn(kind, system)) return new Set();
  const isProgram = system.program !== undefined;
  switch (kind) {
    case 'sim':
      return new Set([...GATED, 'terminate', 'wipe']);
    case 'process':
      return new Set([...(isProgram ? GATED : (['kill', 'pause'] as const)), 'terminate', 'wipe']);
    case 'docker':
      return new Set<Capability>([
        ...(isProgram ? GATED : (['cut', 'lose', 'kill', 'pause'] as const)),
        ...(system.server?.faketimeLibrary === undefined ? [] : (['skew-clock', 'drift-clock'] as const)),
        'terminate',
        'remove',
        'wipe',
        'limit-cpu',
        'limit-memory',
      ]);
  }
}
