/** Raft's invariants, watched while a run goes on or read from its trace. */
export { raftInvariants } from './checker.ts';

export { RaftInvariants } from './raft-invariants.ts';
export type { MonitorFigures, RaftInvariantsOptions } from './raft-invariants.ts';
export { isrInvariants, IsrInvariants } from './isr-invariants.ts';
export type { IsrInvariantsOptions, IsrFigures } from './isr-invariants.ts';
