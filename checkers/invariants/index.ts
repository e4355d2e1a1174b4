/** Raft's invariants, watched while a run goes on or read from its trace. */
export { raftInvariants } from './checker.ts';

export { RaftInvariants } from './raft-invariants.ts';
export type { MonitorFigures, RaftInvariantsOptions } from './raft-invariants.ts';
