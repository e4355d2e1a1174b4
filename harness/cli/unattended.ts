/** For runs in processes that nobody looks at: what they say goes nowhere, and whoever made them decides when they end. */
import type { SignalInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';

export const SILENT: Output = {
  isTerminal: false,
  print: () => undefined,
  note: () => undefined,
  live: () => undefined,
};

/** Ctrl-C reaches every process of the terminal: their maker decides what becomes of these. */
export const NEVER: SignalInterrupt = {
  requested: false,
  onRequest: () => () => false,
  settle: () => Promise.resolve(),
  letSignalsEnd: () => undefined,
  listen: () => undefined,
};
