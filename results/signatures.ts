/**
 * What a failure is known by: the same cause gives the same signature under other seeds, times, values, keys, processes and nodes.
 *
 *     signaturesOf({ system: 'raft', workload: 'register' }, verdicts, history)
 *     // [{ signature: 'raft-register/linearizability/nonlinearizable/3f9a1c', shape: 'an update; their value seen', … }]
 *
 * A signature names system, workload, checker and anomaly, and hashes the shape of the witness (witness-shape.ts), so that two
 * classes of anomalies never share one. It does not know causes: one bug may break several promises, and has a signature for each.
 */
import { createHash } from 'node:crypto';
import type { Verdict } from '../checkers/checker.ts';
import type { History } from '../harness/history/history.ts';
import type { TestDefinition } from '../harness/run/test-definition.ts';
import { compareShapes, witnessShape } from './witness-shape.ts';

export interface FailureSignature {
  /** `<system>-<workload>/<checker>/<anomaly>/<six hexadecimal digits>`. */
  readonly signature: string;
  readonly checker: string;
  readonly anomaly: string;
  /** What the witness looks like, for people. */
  readonly shape: string;
  /** Of the first anomaly that has it. */
  readonly explanation: string;
  /** Anomalies of this run that have it. */
  readonly count: number;
}

export interface SignedTest {
  readonly system: string;
  readonly workload: string;
}

const HASH_CHARACTERS = 6;
/** Explanations are for lists here; `verdicts` have them whole. */
const MAX_EXPLANATION_CHARACTERS = 600;
/** Anomalies of one name and checker whose witnesses are looked at. */
const MAX_ANOMALIES_OF_A_NAME = 20;

/**
 * The failures of one run, in the order of its verdicts: of each checker that said false one for each anomaly that it names, with the shape of
 * the smallest witness. Empty where nothing is false.
 */
export function signaturesOf(
  test: SignedTest,
  verdicts: readonly Verdict[],
  history: History,
): readonly FailureSignature[] {
  return verdicts
    .filter(({ valid }) => valid === false)
    .flatMap((verdict) => signaturesOfVerdict(test, verdict, history));
}

/** Of a failure whose history is lost: checker and anomaly alone. */
export function classSignature(test: SignedTest, { checker, anomalies, reason }: Verdict): FailureSignature {
  const [first] = anomalies;
  const { name: anomaly, explanation } = first ?? { name: 'no-witness', explanation: reason ?? '' };
  return signed(test, { checker, anomaly, shape: 'the history is lost', explanation, count: 1 });
}

function signaturesOfVerdict(
  test: SignedTest,
  { checker, anomalies, reason }: Verdict,
  history: History,
): readonly FailureSignature[] {
  const explanations = { explanation: reason ?? `${checker} says false and shows nothing` };
  if (anomalies.length === 0) {
    return [signed(test, { checker, anomaly: 'no-witness', shape: '', count: 1, ...explanations })];
  }
  const byName = Map.groupBy(anomalies, ({ name }) => name);
  return [...byName].map(([anomaly, found]) => {
    const shaped = found
      .slice(0, MAX_ANOMALIES_OF_A_NAME)
      .map((each) => ({ ...witnessShape(each, history), explanation: each.explanation }));
    const [simplest] = shaped.toSorted(compareShapes);
    const { shape = '', explanation = '' } = simplest ?? {};
    return signed(test, { checker, anomaly, shape, explanation, count: found.length });
  });
}

function signed(
  { system, workload }: SignedTest,
  failure: Omit<FailureSignature, 'signature'>,
): FailureSignature {
  const words = [testWord({ system, workload }), wordOf(failure.checker), wordOf(failure.anomaly)];
  const hash = createHash('sha256')
    .update(JSON.stringify([system, workload, failure.checker, failure.anomaly, failure.shape]))
    .digest('hex')
    .slice(0, HASH_CHARACTERS);
  const { explanation } = failure;
  return {
    signature: [...words, hash].join('/'),
    ...failure,
    explanation:
      explanation.length > MAX_EXPLANATION_CHARACTERS
        ? `${explanation.slice(0, MAX_EXPLANATION_CHARACTERS - 1)}…`
        : explanation,
  };
}

/**
 * What triage files a run under: the failure from which a run was shrunk keeps its signature, though its witness is another one now.
 */
export function filedSignatures(
  { shrunk }: Pick<TestDefinition, 'shrunk'>,
  signatures: readonly FailureSignature[],
): readonly FailureSignature[] {
  const failure = shrunk?.failure;
  if (failure === undefined) return signatures;
  return signatures.map((each) =>
    `${each.checker}/${each.anomaly}` === shrunk?.anomaly ? { ...each, ...failure } : each,
  );
}

/** What the signatures of a test begin with. */
export const testWord = ({ system, workload }: SignedTest): string => wordOf(`${system}-${workload}`);

/** Names of a user's own may hold anything; a signature is copied into shells. */
const wordOf = (text: string): string => text.replace(/[^\w.+-]+/g, '-');
