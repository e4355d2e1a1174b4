/**
 * Judges an echo: every answer is what was asked.
 *
 *     echo "hello" → "hello"                                  fine
 *     echo "hello" → {"type": "echo_ok", "echo": "hello"}     as Maelstrom records it: its field `echo` counts
 *     echo "hello" → "hullo"                                  wrong-echo
 *
 * Anomalies: `wrong-echo`.
 */
import type { Json } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { Findings, indexesOf, isMap, show } from '../findings/findings.ts';
import { sameJson } from '../linearizability/model.ts';

const NAME = 'echo';

export function echo(): Checker {
  return {
    name: NAME,
    check: ({ history }) => {
      const findings = new Findings();
      let answers = 0;
      for (const operation of history.operations) {
        if (operation.process === 'nemesis' || operation.type !== 'ok' || operation.f !== 'echo') continue;
        const invocation = history.invocationOf(operation.index);
        const asked = invocation?.value ?? null;
        const answered = answerOf(operation.value, asked);
        answers++;
        if (sameJson(asked, answered)) continue;
        findings.add('wrong-echo', () => ({
          explanation: `Operation ${invocation?.index ?? '?'} asked for an echo of ${show(asked)}, and was answered ${show(answered)}.`,
          operations: indexesOf(invocation, operation),
        }));
      }
      const unknownBecause = answers === 0 ? 'no echo was answered, so nothing was judged' : undefined;
      return findings.conclude(NAME, { statistics: { answers }, unknownBecause });
    },
  };
}

/** Whoever asks for a map with an `echo` of its own gets a whole message around it. */
function answerOf(value: Json, asked: Json): Json {
  return isMap(value) && !sameJson(value, asked) && value['echo'] !== undefined ? value['echo'] : value;
}
