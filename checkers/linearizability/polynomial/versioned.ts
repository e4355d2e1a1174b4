/**
 * Objects whose answers tell versions: `versioned-register`, one key, each change the next version; and `versioned-kv`,
 * one revision that grows with each change of any key. One sweep over all keys decides either.
 *
 *     write a at 1, write b at 3, read a at version 1     between the two, if the times allow it
 *
 * - The versions order the changes. A read of version v comes after the change that made v, and before the next one of
 *   its key; one that tells its position comes after all changes up to there, and before all others. So each operation
 *   has a range of levels (levels.ts), and only the times remain to be compared.
 * - A version belongs to one change, of one key, and to one value. Each cas finds what is there before it.
 * - Where a version is missing that a register must have had, or where a value was seen that no known change left, a
 *   change of unknown outcome filled the place (fillers.ts). All others of unknown outcome never happened: no answer
 *   needs them. A cas of unknown outcome may need others to be there; where it could have helped the search decides.
 * - A refused cas is placed into the order that was found (placement.ts); where it does not fit, the search decides.
 */
import { sameJson } from '../model.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { changeOf, registerVersion, toldBy, versionedKv } from '../models/versioned.ts';
import type { Decider } from './decision.ts';
import { answers, Sweep } from './version-sweep.ts';
import type { Claim } from './version-order.ts';

export const decideVersionedRegister: Decider = (model, operations, name, pause) => {
  const [first, value] = model.init as readonly [number, Json];
  const claims: Claim[] = [];
  // Who saw a value that nobody writes saw the first version.
  const isWritten = operations.some(({ call }) => {
    const change = changeOf(call);
    return change !== null && sameJson(change.value, value);
  });
  for (const { call } of operations) {
    const change = changeOf(call);
    let version = call.outcome === 'ok' ? registerVersion(call) : null;
    const found = change === null ? toldBy(call).value : change.expected;
    if (version === null && change === null && sameJson(found as Json, value) && !isWritten) version = first;
    if (version === null && call.outcome === 'ok') return answers.inapplicable('an answer tells no version');
    const position = change === null ? version : null;
    claims.push({ key: null, leaves: change?.value, finds: found, version, position });
  }
  return new Sweep(model, operations, name, claims, { first, value, isDense: true }).decide(pause);
};

export const decideVersionedKv: Decider = (model, operations, name, pause) => {
  if (model.init !== versionedKv.init) return answers.inapplicable('the store is not empty at first');
  const claims: Claim[] = [];
  const deleted = new Set<Json>();
  for (const { call } of operations) {
    const change = changeOf(call);
    if (change?.value === null) deleted.add(call.key ?? null);
  }
  for (const { call } of operations) {
    const key = call.key ?? null;
    const change = changeOf(call);
    const told = call.outcome === 'ok' ? toldBy(call) : null;
    if (change !== null) {
      const version = told?.version ?? told?.position ?? null;
      if (version === null && told !== null) return answers.inapplicable('a change tells no revision');
      claims.push({ key, leaves: change.value, finds: change.expected, version, position: null });
      continue;
    }
    const { value, position } = told as NonNullable<typeof told>;
    // A key that is not there was changed at no revision, or nobody knows at which.
    const isAbsent = value === null && (told?.version ?? 0) === 0;
    const version = isAbsent ? (deleted.has(key) ? null : 0) : (told?.version ?? null);
    if (version === null && position === null) return answers.inapplicable('a read tells no revision');
    claims.push({ key, leaves: undefined, finds: value, version, position });
  }
  return new Sweep(model, operations, name, claims, { first: 0, value: null, isDense: false }).decide(pause);
};
