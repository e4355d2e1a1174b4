/** Which failure of a saved run is meant: the first that its verdict names, or the one that the user named. */
import type { Target } from '../shrink/finding.ts';
import { HarnessError } from '../errors.ts';
import { unknownName } from './names.ts';
import type { SavedRun } from './saved-run.ts';

export interface SavedFailure extends Target {
  /** The checker's sentence. */
  readonly explanation: string;
}

/** `linearizability/nonlinearizable`. */
export const targetName = ({ checker, anomaly }: Target): string => `${checker}/${anomaly}`;

/**
 * @param typed - `checker/anomaly`; the first of the verdict when absent
 * @throws HarnessError `usage` or `unknown-name` when the run has no such anomaly
 */
export function failureOf({ verdict, directory }: SavedRun, typed: string | undefined): SavedFailure {
  const failures = (verdict?.verdicts ?? [])
    .filter(({ valid }) => valid === false)
    .flatMap(({ checker, anomalies }) =>
      anomalies.map(({ name, explanation }) => ({ checker, anomaly: name, explanation })),
    );
  const [first] = failures;
  if (first === undefined) {
    throw new HarnessError('usage', `${directory.path} shows no anomaly: this is for runs that are invalid`);
  }
  if (typed === undefined) return first;
  const found = failures.find((failure) => targetName(failure) === typed);
  if (found === undefined) throw unknownName('anomaly', [...new Set(failures.map(targetName))], typed);
  return found;
}
