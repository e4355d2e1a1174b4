/** Identifiers that are given out: every order will do where none is given out twice, and else none. */
import { place } from '../lineage.ts';
import { describeJson, internKey, isArray } from '../model.ts';
import type { JudgedOperation } from '../problem.ts';
import { Answers } from './decision.ts';
import type { Decider } from './decision.ts';

const answers = new Answers('unique identifiers');
const PRECONDITION = 'only answers that give out identifiers are judged';

export const decideUniqueIds: Decider = (model, operations) => {
  const given = new Map<unknown, JudgedOperation | null>();
  for (const id of isArray(model.init) ? model.init : []) given.set(internKey(id), null);
  for (const operation of operations) {
    if (operation.call.outcome !== 'ok') continue;
    const id = internKey(operation.call.result);
    const other = given.get(id);
    if (other === undefined) {
      given.set(id, operation);
      continue;
    }
    const told = describeJson(operation.call.result);
    return answers.illegal(PRECONDITION, {
      test: 'duplicate',
      explanation:
        other === null
          ? `${told} was given out ${place(operation)}, but it was from the beginning.`
          : `${told} was given out twice: ${place(other)} and ${place(operation)}.`,
      operations: other === null ? [operation] : [operation, other],
    });
  }
  return answers.legal(PRECONDITION);
};
