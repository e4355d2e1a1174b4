/**
 * Names of commands as people know them: Kafka's scripts have a prefix and an extension, ours have not.
 *
 *     commandName('kafka-topics.sh')                 // 'topics'
 *     unknownName('command', ['topics'], 'topcis')   // unknown command "topcis": did you mean "topics"?
 */
import { closest, distance } from 'fastest-levenshtein';
import { HarnessError } from '../../../harness/errors.ts';

export function commandName(typed: string): string {
  return typed.replace(/\.(sh|bat)$/, '').replace(/^kafka-/, '');
}

/** A name further away than this many edits, for its length, is not worth suggesting. */
const isNear = (typed: string, known: string): boolean =>
  distance(typed, known) <= Math.max(2, Math.floor(known.length / 2)) || known.includes(typed);

export function unknownName(kind: string, known: readonly string[], typed: string): HarnessError {
  const nearest = closest(typed, known);
  const hint = isNear(typed, nearest) ? `did you mean "${nearest}"?` : `known are ${known.join(', ')}`;
  return new HarnessError('unknown-name', `unknown ${kind} "${typed}": ${hint}`);
}
