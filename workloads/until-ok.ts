/**
 * A question that is asked until it is answered, for the end of a run.
 *
 *     eachThread(asked({ f: 'read', key: 'k0' }, { attempts: 10, pauseS: 0.2 }))
 */
import {
  delay,
  type Generator,
  limit,
  type OperationTemplate,
  repeat,
  untilOk,
} from '../harness/generator/index.ts';

export interface Patience {
  /** After so many attempts it is given up. */
  readonly attempts: number;
  /** Between two of them, so that an election can end meanwhile. */
  readonly pauseS: number;
}

/** For one thread. */
export function asked(question: OperationTemplate, { attempts, pauseS }: Patience): Generator {
  return untilOk(limit(attempts, delay(pauseS, repeat(question))));
}
