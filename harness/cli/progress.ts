/**
 * The live line of a run: elapsed time, operations, rate, ok/fail/info, the faults in force, the leader.
 *
 *     12.3 s of 30 s · 2460 ops 812/s · 2391 ok 12 fail 57 info · partition n3 · leader n1 term 4
 */
import type { FaultEffect, Operation } from '../history/operation.ts';
import type { TraceRecord } from '../history/trace.ts';
import { NS_PER_S } from '../units.ts';
import type { Output } from './output.ts';

const REDRAW_INTERVAL_MS = 100;
/** Looking at the clock for every operation would cost more than the operation. */
const OPERATIONS_PER_LOOK = 64;

export class Progress {
  readonly #output: Output;
  readonly #limitS: number;
  readonly #label: string;
  readonly #startedMs = performance.now();
  #lastDrawnMs = 0;
  #seen = 0;
  #invoked = 0;
  #completed = { ok: 0, fail: 0, info: 0 };
  #faults = new Map<number, string>();
  #leader = 'no leader yet';

  constructor(output: Output, limitS: number, label: string) {
    this.#output = output;
    this.#limitS = limitS;
    this.#label = label;
  }

  operation(operation: Operation): void {
    if (operation.process === 'nemesis') this.#fault(operation);
    else if (operation.type === 'invoke') this.#invoked++;
    else this.#completed[operation.type]++;
    if (++this.#seen % OPERATIONS_PER_LOOK === 0 || operation.process === 'nemesis')
      this.#draw(operation.time);
  }

  trace({ node, event }: TraceRecord): void {
    if (event.kind === 'role' && event.role === 'leader') this.#leader = `leader ${node} term ${event.term}`;
  }

  #fault(operation: Operation): void {
    if (operation.type !== 'ok') return;
    const effect = operation.value as unknown as FaultEffect;
    if (effect.edge === 'begin')
      this.#faults.set(effect.faultId, `${effect.fault} ${effect.nodes.join(' ')}`);
    else if (effect.edge === 'end') this.#faults.delete(effect.faultId);
  }

  #draw(timeNs: number): void {
    if (!this.#output.isTerminal) return;
    const nowMs = performance.now();
    if (nowMs - this.#lastDrawnMs < REDRAW_INTERVAL_MS) return;
    this.#lastDrawnMs = nowMs;
    const rate = Math.round(this.#invoked / ((nowMs - this.#startedMs) / 1000));
    const { ok, fail, info } = this.#completed;
    const faults = this.#faults.size === 0 ? 'no fault' : [...this.#faults.values()].join(', ');
    this.#output.live(
      `${this.#label}${(timeNs / NS_PER_S).toFixed(1)} s of ${this.#limitS} s · ${this.#invoked} ops ${rate}/s · ` +
        `${ok} ok ${fail} fail ${info} info · ${faults} · ${this.#leader}`,
    );
  }
}
