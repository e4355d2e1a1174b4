/** What random schedules are made of: how many nodes, which timeouts, and how often what happens. */

export type ActionName =
  | 'deliver'
  | 'drop'
  | 'duplicate'
  | 'elapse'
  | 'store'
  | 'append'
  | 'crash'
  | 'start'
  | 'isolate'
  | 'heal'
  | 'pause'
  | 'resume'
  | 'snapshot'
  | 'clean'
  | 'change'
  | 'resign';

/** How often what happens: weights of the choices at each step. */
export interface Profile {
  readonly name: string;
  readonly voters: number;
  readonly observers: number;
  readonly kraftVersion: number;
  readonly options: { readonly [name: string]: number };
  readonly weights: { readonly [Action in ActionName]?: number };
}

/** Faults of all kinds, and what ends them more often than it begins. */
const FAULTS = {
  deliver: 120,
  elapse: 30,
  store: 80,
  append: 12,
  drop: 4,
  duplicate: 4,
  crash: 2,
  start: 8,
  isolate: 1,
  heal: 4,
  pause: 1,
  resume: 4,
  resign: 1,
} as const;

/** Short timeouts, so that a short schedule has several elections. */
const QUICK = {
  electionTimeoutMs: 100,
  fetchTimeoutMs: 200,
  electionBackoffMaxMs: 100,
  requestTimeoutMs: 150,
  fetchMaxWaitMs: 50,
};

export const PROFILES: readonly Profile[] = [
  { name: 'three', voters: 3, observers: 0, kraftVersion: 0, options: QUICK, weights: FAULTS },
  { name: 'five', voters: 5, observers: 0, kraftVersion: 0, options: QUICK, weights: FAULTS },
  {
    name: 'snapshots',
    voters: 3,
    observers: 1,
    kraftVersion: 0,
    options: { ...QUICK, snapshotMaxBytes: 64 },
    weights: { ...FAULTS, snapshot: 4, clean: 4 },
  },
  {
    name: 'turnover',
    voters: 3,
    observers: 0,
    kraftVersion: 0,
    options: { ...QUICK, electionBackoffMaxMs: 20, electionTimeoutMs: 40, fetchTimeoutMs: 80 },
    weights: {
      ...FAULTS,
      append: 20,
      crash: 3,
      start: 12,
      isolate: 3,
      heal: 8,
      resign: 3,
      snapshot: 4,
      clean: 4,
    },
  },
  {
    name: 'voters',
    voters: 3,
    observers: 2,
    kraftVersion: 1,
    options: QUICK,
    weights: { ...FAULTS, change: 6, snapshot: 1, clean: 1 },
  },
];
