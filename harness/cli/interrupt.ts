/**
 * Ctrl-C: the first ends the run in order, the second ends the process.
 *
 * One key press may come as two signals: the terminal sends it to every process in front, and `npm run` passes its own
 * on to its child. What comes within a moment of the first counts as the same wish.
 */
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Output } from './output.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** Nobody presses Ctrl-C twice within this. */
const COPIES_MS = 300;

export interface SignalInterrupt {
  readonly requested: boolean;
  /** Called at most once, when it is requested. Returns what takes the callback back. */
  onRequest(callback: () => void): () => void;
  /** Resolves when no copy of the first signal can come any more. */
  settle(): Promise<void>;
  /** From now on a signal ends the process at once: for work that never looks up, such as a long check. */
  letSignalsEnd(): void;
  /** Listens again. */
  listen(): void;
}

/** @param told - what becomes of what runs */
export function interruptOnSignal(
  output: Output,
  told = 'healing the faults and judging what there is',
): SignalInterrupt {
  const callbacks = new Set<() => void>();
  let requestedMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (requestedMs !== null) {
      // The shell's convention for a process that a signal ended.
      if (performance.now() - requestedMs > COPIES_MS) process.exit(128 + constants.signals[signal]);
      return;
    }
    requestedMs = performance.now();
    output.note(`interrupted: ${told} (once more to quit at once)`);
    for (const callback of callbacks) callback();
  };
  const interrupt: SignalInterrupt = {
    get requested() {
      return requestedMs !== null;
    },
    onRequest: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    settle: async () => {
      const waitMs = requestedMs === null ? 0 : COPIES_MS - (performance.now() - requestedMs);
      if (waitMs > 0) await delay(waitMs);
    },
    letSignalsEnd: () => SIGNALS.forEach((signal) => process.off(signal, onSignal)),
    listen: () => {
      interrupt.letSignalsEnd();
      SIGNALS.forEach((signal) => process.on(signal, onSignal));
    },
  };
  interrupt.listen();
  return interrupt;
}
