/** Cells and records as tests need them. */
import type { Cell } from '../cells.ts';
import { type SeedRecord, SWEEP_FORMAT, SWEEP_VERSION, type SweepHeader } from '../ledger.ts';

export const cell = (key: string, given: Partial<Cell> = {}): Cell => ({
  key,
  system: 'raft',
  workload: 'register',
  options: [],
  seeds: { first: 1, last: 3 },
  budgetS: null,
  expect: 'valid',
  maxUnknown: 0,
  checkBudgetS: null,
  isRealTime: false,
  ...given,
});

export const record = (key: string, seed: number, given: Partial<SeedRecord> = {}): SeedRecord => ({
  cell: key,
  seed,
  outcome: 'valid',
  why: null,
  anomaly: null,
  signatures: [],
  directory: null,
  isThin: false,
  again: null,
  operations: 100,
  tookMs: 1000,
  ...given,
});

export const header = (cells: readonly Cell[], given: Partial<SweepHeader> = {}): SweepHeader => ({
  format: SWEEP_FORMAT,
  version: SWEEP_VERSION,
  name: 'nightly',
  shaketableVersion: '0.1.0',
  gitRevision: null,
  startedAt: '2026-11-28T03:00:00.000Z',
  keep: 'failures',
  shard: null,
  cells: cells.map((each) => ({ ...each, options: each.options.map(([name, value]) => [name, value]) })),
  ...given,
});
