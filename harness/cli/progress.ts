/**
 * The live line of a run: time, operations, rate, ok/fail/info, the faults in force, the leader.
 *
 *     12.3 s of 35 s · 2460 operations, 9100/s · 2391 ok 12 fail 57 info · partition (5 nodes) · leader n1 (term 4)
 *
 * Time is the run's, virtual in `sim`; the rate is by the clock on the wall: how fast the simulation goes.
 */
import type { FaultEffect, Operation } from '../history/operation.ts';
import type { TraceRecord } from '../history/trace.ts';
import { NS_PER_S } from '../units.ts';
import type { Output } from './output.ts';

const REDRAW_INTERVAL_MS = 100;
/** Looking at the clock for every event would cost more than the event. */
const EVENTS_PER_LOOK = 64;
/** Faults in force that are named, and nodes of one fault; the line is short. */
const FAULTS_NAMED_MAX = 3;
const NODES_NAMED_MAX = 3;

export interface ProgressOptions {
  readonly output: Output;
  /** When the run is over, but for its final reads. */
  readonly limitS: number;
  /** Comes first: `seed 3 of 50 · `. */
  readonly label?: string;
  /** Monotonic milliseconds. */
  readonly nowMs?: () => number;
}

export class Progress {
  readonly #output: Output;
  readonly #limitS: number;
  readonly #label: string;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #lastDrawnMs = -Infinity;
  #seen = 0;
  #invoked = 0;
  #completed = { ok: 0, fail: 0, info: 0 };
  readonly #faults = new Map<number, string>();
  #leader: { readonly node: string; readonly term: number } | null = null;

  constructor({ output, limitS, label = '', nowMs = () => performance.now() }: ProgressOptions) {
    this.#output = output;
    this.#limitS = limitS;
    this.#label = label;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  operation(operation: Operation): void {
    if (operation.process === 'nemesis') this.#fault(operation);
    else if (operation.type === 'invoke') this.#invoked++;
    else this.#completed[operation.type]++;
    this.#look(operation.time, operation.process === 'nemesis');
  }

  trace({ node, time, event }: TraceRecord): void {
    if (event.kind === 'role' && event.role === 'leader') {
      if (this.#leader === null || event.term >= this.#leader.term) this.#leader = { node, term: event.term };
    } else if (event.kind === 'role' || event.kind === 'start' || event.kind === 'stop') {
      if (this.#leader?.node === node) this.#leader = null;
    }
    this.#look(time, false);
  }

  #fault(operation: Operation): void {
    if (operation.type !== 'ok') return;
    const effect = operation.value as unknown as FaultEffect;
    if (effect.edge === 'begin') this.#faults.set(effect.faultId, faultText(effect));
    else if (effect.edge === 'end') this.#faults.delete(effect.faultId);
  }

  #look(timeNs: number, isTold: boolean): void {
    if (++this.#seen % EVENTS_PER_LOOK !== 0 && !isTold) return;
    if (!this.#output.isTerminal) return;
    const nowMs = this.#nowMs();
    if (nowMs - this.#lastDrawnMs < REDRAW_INTERVAL_MS) return;
    this.#lastDrawnMs = nowMs;
    this.#output.live(this.#text(timeNs, nowMs));
  }

  #text(timeNs: number, nowMs: number): string {
    const { ok, fail, info } = this.#completed;
    const elapsedMs = nowMs - this.#startedMs;
    const rate = elapsedMs > 0 ? `, ${Math.round((this.#invoked / elapsedMs) * 1000)}/s` : '';
    return (
      this.#label +
      [
        `${(timeNs / NS_PER_S).toFixed(1)} s of ${this.#limitS} s`,
        `${this.#invoked} operations${rate}`,
        `${ok} ok ${fail} fail ${info} info`,
        this.#faultsText(),
        this.#leader === null ? 'no leader' : `leader ${this.#leader.node} (term ${this.#leader.term})`,
      ].join(' · ')
    );
  }

  #faultsText(): string {
    if (this.#faults.size === 0) return 'no fault';
    const named = [...this.#faults.values()].slice(0, FAULTS_NAMED_MAX);
    const more = this.#faults.size - named.length;
    return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
  }
}

function faultText({ fault, nodes }: FaultEffect): string {
  return nodes.length > NODES_NAMED_MAX ? `${fault} (${nodes.length} nodes)` : [fault, ...nodes].join(' ');
}
