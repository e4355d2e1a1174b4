/**
 * Signals that end a program: the first ends it in good order, the second at once.
 *
 * One key press may come as two signals: the terminal sends it to every process in front, and `npm run` passes its own on to
 * its child. What comes within a moment of the first counts as the same wish.
 */
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Nobody presses Ctrl-C twice within this. */
const COPIES_MS = 300;

/** The shell's convention for a process that a signal ended. */
const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** @returns what takes it back */
export function onFirstSignal(callback: (signal: NodeJS.Signals) => void): () => void {
  let firstMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstMs === null) {
      firstMs = performance.now();
      callback(signal);
    } else if (performance.now() - firstMs > COPIES_MS) {
      process.exit(exitCodeOf(signal));
    }
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => SIGNALS.forEach((signal) => process.off(signal, onSignal));
}
