/**
 * The checkers that judge a history by its workload, by name. Their order is the order of guessing: who recognises the
 * more particular histories comes first.
 */
import { collectionJudges } from './collections.ts';
import type { CheckerEntry } from './entry.ts';
import { logJudges } from './logs.ts';
import { registerJudges } from './registers.ts';
import { sessionJudges } from './sessions.ts';
import { transactionJudges } from './transactions.ts';

/** In the order of guessing. */
export const judges: readonly CheckerEntry[] = [
  ...transactionJudges,
  ...logJudges,
  ...collectionJudges,
  ...registerJudges,
  ...sessionJudges,
];

/** Aliases included. */
export const judgesByName: ReadonlyMap<string, CheckerEntry> = new Map(
  judges.flatMap((entry) => [entry.name, ...(entry.aliases ?? [])].map((name) => [name, entry] as const)),
);
