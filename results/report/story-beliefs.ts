/**
 * What each node believed: followed from what it said of itself, and told for a moment.
 *
 *     beliefs.observe(record);
 *     beliefs.text()     // 'n5: leader of term 1, log to 3, committed to 2; n1, n2: follow n5 in term 1, log to 1'
 */
import type { TraceEvent, TraceRecord } from '../../harness/history/trace.ts';

interface RaftBelief {
  role: string;
  lastIndex: number;
  commitIndex: number;
}

interface ReplicaBelief {
  role: string;
  isr: readonly string[];
  highWatermark: number;
}

interface NodeBelief {
  isUp: boolean;
  readonly raft: RaftBelief;
  /** By partition. */
  readonly replicas: Map<string, ReplicaBelief>;
}

export class Beliefs {
  /** Partitions that got something: of the others nobody wants to hear. */
  readonly #used = new Set<string>();
  readonly #nodes: ReadonlyMap<string, NodeBelief>;

  constructor(nodes: readonly string[]) {
    this.#nodes = new Map(
      nodes.map((node) => [
        node,
        { isUp: false, raft: { role: '', lastIndex: 0, commitIndex: 0 }, replicas: new Map() },
      ]),
    );
  }

  observe({ node, event }: TraceRecord): void {
    const belief = this.#nodes.get(node);
    if (belief === undefined) return;
    observeRaft(belief, event);
    observeReplica(belief, event);
    if (event.kind === 'replica-append') this.#used.add(event.partition);
  }

  /** Nodes that believe the same are told together; in the order of the nodes. */
  text(): string {
    const groups = new Map<string, string[]>();
    for (const [node, belief] of this.#nodes) {
      const text = textOf(belief, this.#used);
      const group = groups.get(text);
      if (group === undefined) groups.set(text, [node]);
      else group.push(node);
    }
    return [...groups].map(([text, nodes]) => `${nodes.join(', ')}: ${text}`).join('; ');
  }
}

function observeRaft(belief: NodeBelief, event: TraceEvent): void {
  const { raft } = belief;
  switch (event.kind) {
    case 'start':
      belief.isUp = true;
      raft.role = `follower in term ${event.term}`;
      raft.lastIndex = event.lastIndex;
      raft.commitIndex = event.snapshotIndex;
      break;
    case 'stop':
      belief.isUp = false;
      break;
    case 'role':
      raft.role =
        event.role === 'follower' && event.leader !== null
          ? `follows ${event.leader} in term ${event.term}`
          : `${event.role} ${event.role === 'leader' ? 'of' : 'in'} term ${event.term}`;
      break;
    case 'append':
      raft.lastIndex = event.entries.at(-1)?.index ?? raft.lastIndex;
      break;
    case 'truncate':
      raft.lastIndex = Math.min(raft.lastIndex, event.fromIndex - 1);
      break;
    case 'commit':
      raft.commitIndex = event.index;
      break;
    case 'snapshot':
      raft.lastIndex = Math.max(raft.lastIndex, event.index);
      raft.commitIndex = Math.max(raft.commitIndex, event.index);
      break;
    default:
    // What else a node says changes none of it.
  }
}

function observeReplica(belief: NodeBelief, event: TraceEvent): void {
  if (!('partition' in event)) return;
  belief.isUp = true;
  const replica = belief.replicas.get(event.partition) ?? { role: 'replica', isr: [], highWatermark: 0 };
  belief.replicas.set(event.partition, replica);
  if (event.kind === 'replica-role') replica.role = `${event.role} in epoch ${event.leaderEpoch}`;
  else if (event.kind === 'replica-isr') replica.isr = event.isr;
  else if (event.kind === 'replica-high-watermark') replica.highWatermark = event.offset;
}

function textOf({ isUp, raft, replicas }: NodeBelief, used: ReadonlySet<string>): string {
  if (!isUp) return 'down';
  const parts =
    raft.role === '' ? [] : [`${raft.role}, log to ${raft.lastIndex}, committed to ${raft.commitIndex}`];
  for (const [partition, { role, isr, highWatermark }] of replicas) {
    if (!used.has(partition)) continue;
    const inSync = isr.length === 0 ? '' : `, in sync ${isr.join(' ')}`;
    parts.push(`${partition} ${role}, high watermark ${highWatermark}${inSync}`);
  }
  return parts.length === 0 ? 'up' : parts.join(', ');
}
