/**
 * Watches a Raft cluster through what its nodes say of themselves, and names the first two records that cannot both be.
 *
 *     const monitor = new RaftInvariants({ globalOrder: true });
 *     cluster.onTrace((record) => {
 *       const anomaly = monitor.observe(record);
 *       if (anomaly !== undefined) stop(anomaly);  // `two-leaders-in-a-term`: n2 … contradicts n1 …
 *     });
 *
 * Records come one by one: those of a node in the order in which it wrote them and, with `globalOrder`, those of all
 * nodes in the order of the run. Without it, what different nodes say is compared by term and index alone, clocks of
 * nodes are never compared, and rules of order `cluster` (invariants.ts) are not judged; nor is a removal seen whose
 * commit comes later in the trace.
 *
 * Each record costs constant time for each entry that it appends, removes or commits; a boot costs its log's length.
 * It watches safety, not progress, and it believes the nodes: a node that lies in its trace, or whose disk loses what
 * it reported durable, is reported by the contradiction that this leads to.
 */
import type { TraceRecord } from '../../harness/history/trace.ts';
import type { Anomaly } from '../checker.ts';
import { onAcknowledge, onApply, onCommit, onSnapshot } from './commits.ts';
import { onPersist, onRole, onVote } from './elections.ts';
import { INVARIANTS } from './invariants.ts';
import { onAppend, onDurable, onStart, onTruncate } from './logs.ts';
import { toAnomaly } from './monitor.ts';
import { raftSides } from './sides.ts';
import { ClusterView } from './views.ts';
import type { NodeView } from './views.ts';

export interface RaftInvariantsOptions {
  /** Whether the records of all nodes come in the order of the run, as in `sim`. Default false. */
  readonly globalOrder?: boolean;
}

export interface MonitorFigures {
  readonly records: number;
  readonly nodes: number;
  /** Distinct (term, index). */
  readonly entries: number;
  /** The highest of any node. */
  readonly commitIndex: number;
  readonly elections: number;
}

export class RaftInvariants {
  readonly #cluster: ClusterView;
  #records = 0;
  #elections = 0;

  constructor(options: RaftInvariantsOptions = {}) {
    this.#cluster = new ClusterView(options.globalOrder ?? false);
  }

  /** The anomaly that this record brings to light. It goes on after one, with the first record as the truth. */
  observe(record: TraceRecord): Anomaly | undefined {
    this.#records++;
    this.#dispatch(this.#cluster.node(record.node), record);
    const contradiction = this.#cluster.takeContradiction();
    if (contradiction === undefined) return undefined;
    return toAnomaly(contradiction, INVARIANTS, raftSides(this.#cluster, contradiction));
  }

  figures(): MonitorFigures {
    return {
      records: this.#records,
      nodes: this.#cluster.nodes.size,
      entries: this.#cluster.registry.count,
      commitIndex: this.#cluster.commitIndex,
      elections: this.#elections,
    };
  }

  /** Entries of the committed log that it still remembers: bounded by what the longest log of a node holds. */
  retainedEntries(): number {
    const { committed } = this.#cluster;
    return committed.last - committed.first + 1;
  }

  #dispatch(node: NodeView, record: TraceRecord): void {
    const cluster = this.#cluster;
    const { event } = record;
    switch (event.kind) {
      case 'start':
        return onStart(cluster, node, record, event);
      case 'role':
        if (event.role === 'leader' && node.role !== 'leader') this.#elections++;
        return onRole(cluster, node, record, event);
      case 'vote':
        return onVote(cluster, node, record, event);
      case 'persist':
        return onPersist(cluster, node, record, event);
      case 'append':
        return onAppend(cluster, node, record, event);
      case 'truncate':
        return onTruncate(cluster, node, record, event);
      case 'durable':
        return onDurable(cluster, node, record, event);
      case 'commit':
        return onCommit(cluster, node, record, event);
      case 'apply':
        return onApply(cluster, node, record, event);
      case 'snapshot':
        return onSnapshot(cluster, node, record, event);
      case 'configuration':
        node.voters = event.voters;
        return;
      case 'acknowledge':
        return onAcknowledge(cluster, node, record, event);
      case 'impossible':
        return cluster.contradict({
          name: 'impossible-state',
          detail: `${node.name} found its own state impossible: ${event.message}`,
          first: undefined,
          second: record,
        });
      case 'stop':
        node.role = 'follower';
        if (event.by === 'node') {
          cluster.contradict({
            name: 'node-crashed',
            detail: `${node.name} crashed: ${event.reason}`,
            first: undefined,
            second: record,
          });
        }
        return;
      default:
        // Of replicas of partitions: isr-invariants.ts.
        return;
    }
  }
}
