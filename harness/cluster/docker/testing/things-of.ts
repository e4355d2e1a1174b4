/** What of a run is in Docker, for tests that nothing stays. */
import { findRuns } from '../clean.ts';
import { connectEngine } from '../engine.ts';

export async function thingsOf(runName: string): Promise<string[]> {
  const runs = await findRuns(await connectEngine());
  return runs
    .filter(({ name }) => name === runName)
    .flatMap(({ containers, networks, volumes }) => [...containers, ...networks, ...volumes]);
}
