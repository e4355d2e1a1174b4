/** Looks names up that the user typed, and says which was probably meant. */
import { closest, distance } from 'fastest-levenshtein';
import { HarnessError } from '../errors.ts';

/** A name further away than this many edits, for its length, is not worth suggesting. */
const isNear = (typed: string, known: string): boolean =>
  distance(typed, known) <= Math.max(2, Math.floor(known.length / 2)) || known.includes(typed);

/** @throws HarnessError `unknown-name`: `unknown nemesis "partitoin": did you mean "partition"?` */
export function lookUp<T>(kind: string, registry: ReadonlyMap<string, T>, typed: string): T {
  const found = registry.get(typed);
  if (found !== undefined) return found;
  throw unknownName(kind, [...registry.keys()], typed);
}

export function unknownName(kind: string, known: readonly string[], typed: string): HarnessError {
  const nearest = known.length === 0 ? undefined : closest(typed, known);
  const hint =
    nearest !== undefined && isNear(typed, nearest)
      ? `did you mean "${nearest}"?`
      : known.length === 0
        ? 'there is none'
        : `known are ${known.join(', ')}`;
  return new HarnessError('unknown-name', `unknown ${kind} "${typed}": ${hint}`);
}
