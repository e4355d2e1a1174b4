/** The workloads by name. */
import { append } from './append.ts';
import { bank } from './bank.ts';
import { counter } from './counter.ts';
import { group } from './group.ts';
import { log } from './log.ts';
import { quorum } from './quorum.ts';
import { register } from './register.ts';
import { topics } from './topics.ts';
import type { Workload } from './workload.ts';

export const workloads: ReadonlyMap<string, Workload> = new Map(
  [register, counter, append, log, topics, group, quorum, bank].map((workload) => [workload.name, workload]),
);
