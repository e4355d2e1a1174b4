/** The workloads by name. */
import { append } from './append.ts';
import { counter } from './counter.ts';
import { log } from './log.ts';
import { register } from './register.ts';
import type { Workload } from './workload.ts';

export const workloads: ReadonlyMap<string, Workload> = new Map(
  [register, counter, append, log].map((workload) => [workload.name, workload]),
);
