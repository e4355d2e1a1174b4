/** Figures of a run, and whether it proves anything. */
export { isRefusal } from './answered.ts';
export type * from './report.ts';
export { computeStatistics, statistics } from './statistics.ts';
export { vacuity } from './vacuity.ts';
export type { VacuityOptions } from './vacuity.ts';
