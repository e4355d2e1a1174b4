/**
 * Requests to other nodes: at most one under way to each, given up after the request timeout, and a pause after one that
 * failed (KIP-595: `controller.quorum.request.timeout.ms`, `.retry.backoff.ms`).
 *
 *     const peers = new Peers(options);
 *     peers.begin(2, 0);       // 1: the correlation id
 *     peers.begin(2, 5);       // null: busy
 *     peers.finish(2, 1);      // true: it was the one
 */
import type { QuorumOptions } from './options.ts';

interface Peer {
  /** Under way; null while idle. */
  correlationId: number | null;
  /** Under way: when it is given up. Idle: when the next may leave. */
  untilMs: number;
}

export class Peers {
  private readonly options: QuorumOptions;
  private readonly peers = new Map<number, Peer>();
  private lastCorrelationId = 0;

  constructor(options: QuorumOptions) {
    this.options = options;
  }

  /** @returns the correlation id, or null where that node must wait */
  begin(nodeId: number, nowMs: number): number | null {
    const peer = this.peers.get(nodeId);
    if (peer !== undefined && nowMs < peer.untilMs) return null;
    const correlationId = ++this.lastCorrelationId;
    this.peers.set(nodeId, { correlationId, untilMs: nowMs + this.options.requestTimeoutMs });
    return correlationId;
  }

  /** The answer came: the next may leave at once. @returns false for an answer that nobody waits for */
  finish(nodeId: number, correlationId: number): boolean {
    const peer = this.peers.get(nodeId);
    if (peer?.correlationId !== correlationId) return false;
    this.peers.delete(nodeId);
    return true;
  }

  /** It failed: the next waits a little. @returns false where nobody waits for it */
  fail(nodeId: number, correlationId: number, nowMs: number): boolean {
    if (this.peers.get(nodeId)?.correlationId !== correlationId) return false;
    this.backOff(nodeId, nowMs);
    return true;
  }

  /** Also where the answer was an error. */
  backOff(nodeId: number, nowMs: number): void {
    this.peers.set(nodeId, { correlationId: null, untilMs: nowMs + this.options.retryBackoffMs });
  }

  /** When the next request to one of these may leave that may not leave now. */
  nextMs(nodeIds: Iterable<number>, nowMs: number): number {
    let next = Infinity;
    for (const nodeId of nodeIds) {
      const untilMs = this.peers.get(nodeId)?.untilMs ?? nowMs;
      if (untilMs > nowMs) next = Math.min(next, untilMs);
    }
    return next;
  }

  /** Whether a request to anyone is under way. */
  isBusy(nowMs: number): boolean {
    for (const peer of this.peers.values()) {
      if (peer.correlationId !== null && nowMs < peer.untilMs) return true;
    }
    return false;
  }

  /** Answers to what was asked before count no more. */
  reset(): void {
    this.peers.clear();
  }
}
