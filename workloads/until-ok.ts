/**
 * A question that is asked until it is answered, for the end of a run.
 *
 *     eachThread(asked({ f: 'read', key: 'k0' }, { attempts: 10, pauseS: 0.2 }))
 */
import {
  delay,
  type Generator,
  limit,
  once,
  type OperationTemplate,
  repeat,
  untilOk,
} from '../harness/generator/index.ts';

export interface Patience {
  /** After so many attempts it is given up. */
  readonly attempts: number;
  /** Between two of them, so that an election can end meanwhile. */
  readonly pauseS: number;
  /** What is asked behind the attempts, once. */
  readonly last?: OperationTemplate;
}

/** For one thread. */
export function asked(question: OperationTemplate, { attempts, pauseS, last }: Patience): Generator {
  const patient = limit(attempts, delay(pauseS, repeat(question)));
  return untilOk(last === undefined ? patient : [patient, once(last)]);
}
