/** What `--verify-determinism` compares: every event of the simulator, and every record of the history. */
import type { History } from '../history/history.ts';

/** What is known of a simulated run when it is over. */
export interface SimulatedRun {
  readonly history: History;
  readonly eventHash: string;
  readonly eventCount: number;
}

/** How two runs of one seed differ, in half a sentence; null when they do not. */
export function differenceOf(first: SimulatedRun, second: SimulatedRun): string | null {
  const length = Math.max(first.history.length, second.history.length);
  for (let i = 0; i < length; i++) {
    const [one, other] = [first, second].map(({ history }) => JSON.stringify(history.operations[i]));
    if (one !== other)
      return `record ${i} of the history was ${one ?? 'missing'}, then ${other ?? 'missing'}`;
  }
  if (first.eventHash === second.eventHash) return null;
  return (
    `event hash ${first.eventHash} (${first.eventCount} events), then ` +
    `${second.eventHash} (${second.eventCount} events)`
  );
}
