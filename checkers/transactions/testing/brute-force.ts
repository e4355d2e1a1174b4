/**
 * Whether some order of the transactions explains every read: all orders are tried. For histories of a few
 * transactions on lists.
 */
import type { History } from '../../../harness/history/history.ts';
import type { Json } from '../../../harness/history/operation.ts';

interface Candidate {
  readonly begin: number;
  /** Infinity where it is not known to have happened. */
  readonly end: number;
  readonly isOk: boolean;
  readonly micro: readonly (readonly [f: string, key: string, value: Json])[];
}

/** @param strict - the order keeps real time */
export function isSerializable(history: History, strict: boolean): boolean {
  const candidates = history.pairs().flatMap(({ invocation, completion }): Candidate[] => {
    if (completion?.type === 'fail') return [];
    const isOk = completion?.type === 'ok';
    return [
      {
        begin: invocation.index,
        end: isOk ? completion.index : Infinity,
        isOk,
        micro: (isOk ? completion.value : invocation.value) as unknown as Candidate['micro'],
      },
    ];
  });
  return search(candidates, new Map(), strict);
}

function search(left: readonly Candidate[], state: ReadonlyMap<string, string>, strict: boolean): boolean {
  if (left.every(({ isOk }) => !isOk)) return true;
  const firstEnd = Math.min(...left.map(({ end }) => end));
  return left.some((candidate) => {
    if (strict && candidate.begin > firstEnd) return false;
    const next = run(candidate, state);
    return (
      next !== undefined &&
      search(
        left.filter((other) => other !== candidate),
        next,
        strict,
      )
    );
  });
}

/** Lists as texts of their elements, each followed by a comma. */
function run(
  { isOk, micro }: Candidate,
  state: ReadonlyMap<string, string>,
): Map<string, string> | undefined {
  const next = new Map(state);
  for (const [f, key, value] of micro) {
    const list = next.get(key) ?? '';
    if (f === 'append') next.set(key, `${list}${JSON.stringify(value)},`);
    else if (isOk) {
      const seen = ((value ?? []) as readonly Json[])
        .map((element) => `${JSON.stringify(element)},`)
        .join('');
      if (seen !== list) return undefined;
    }
  }
  return next;
}
