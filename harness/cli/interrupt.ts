/** Ctrl-C: the first ends the run in order, the second ends the process. */
import type { Interrupt } from '../interpreter/interpreter.ts';
import type { Output } from './output.ts';

/** The shell's convention for a process ended by SIGINT. */
const SIGINT_EXIT_CODE = 130;

export interface SignalInterrupt extends Interrupt {
  /** Stops listening. */
  dispose(): void;
}

export function interruptOnSignal(output: Output): SignalInterrupt {
  const callbacks: (() => void)[] = [];
  let requested = false;
  const onSignal = (): void => {
    if (requested) process.exit(SIGINT_EXIT_CODE);
    requested = true;
    output.note(
      'interrupted: ending the run, healing faults and judging what there is (again to quit at once)',
    );
    for (const callback of callbacks) callback();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    get requested() {
      return requested;
    },
    onRequest: (callback) => callbacks.push(callback),
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
