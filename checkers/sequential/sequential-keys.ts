/**
 * Judges whether writes become visible in the order in which a client made them (CockroachDB's and TiDB's sequential
 * test): a write puts several keys one after the other, a read asks for them in reverse, each in a transaction of its
 * own. Whoever sees a later key must see all that were written before it.
 *
 *     write 5: puts 5_0, then 5_1, then 5_2
 *     read 5 → [5, ["5_2", "5_1", "5_0"]] all · [5, [null, "5_1", "5_0"]] some · [5, ["5_2", null, "5_0"]]: 5_1 is missing
 *
 * The keys' names do not matter, only what is null. A read of any prefix is fine, also long after the write:
 * sequential consistency says nothing of real time.
 *
 * Anomalies: `missing-predecessor`, `malformed-read`.
 */
import { findingChecker } from '../findings/finding-checker.ts';
import { HarnessError } from '../../harness/errors.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { Checker } from '../checker.ts';
import { indexesOf, isArray, type Key, show } from '../findings/findings.ts';

const NAME = 'sequential';

export function sequentialKeys(): Checker {
  return findingChecker(NAME, (history, findings, pace) => {
    const writes = new WritesByGroup();
    const counts = { reads: 0, all: 0, some: 0, none: 0, bad: 0 };
    for (const operation of history.operations) {
      if (operation.process === 'nemesis') continue;
      if (pace.spend(1)) break;
      const { index, type, f } = operation;
      if (f !== 'read' && f !== 'write') {
        throw new HarnessError(
          'bad-history',
          `operation ${index}: groups of keys have read and write, no ${f}`,
        );
      }
      if (type === 'invoke' && f === 'write') writes.add(operation);
      if (type !== 'ok' || f !== 'read') continue;
      const invocation = history.invocationOf(index);
      const read = groupOf(operation);
      if (read === undefined) {
        findings.add('malformed-read', () => ({
          explanation: `Operation ${index} returned ${show(operation.value)}, which is no [write, [keys in reverse]].`,
          operations: indexesOf(invocation, operation),
        }));
        continue;
      }
      const { group, keys } = read;
      counts.reads++;
      const firstSeen = keys.findIndex((key) => key !== null);
      if (firstSeen === -1) {
        counts.none++;
        continue;
      }
      counts[keys.includes(null) ? 'some' : 'all']++;
      const missing = keys.indexOf(null, firstSeen);
      if (missing === -1) continue;
      counts.bad++;
      findings.add('missing-predecessor', () => {
        const write = writes.of(operation.key, group);
        const rank = keys.length - missing;
        return {
          explanation:
            `Operation ${index} saw ${show(keys[firstSeen])} of the write of ${show(group)}, but then, asking again, not the ` +
            `key ${rank} of ${keys.length}, which was written before it.`,
          operations: indexesOf(
            write,
            write === undefined ? undefined : history.completionOf(write.index),
            invocation,
            operation,
          ),
        };
      });
    }
    const vacuous =
      'no read showed any key, so nothing was judged: run longer, or read what was written lately';
    return {
      statistics: counts,
      unknownBecause: counts.all + counts.some === 0 ? vacuous : undefined,
    };
  });
}

function groupOf({
  value,
  key,
}: Operation): { readonly group: Json; readonly keys: readonly Json[] } | undefined {
  if (!isArray(value)) return undefined;
  const [group, keys] = value;
  if (value.length === 2 && group !== undefined && keys !== undefined && isArray(keys))
    return { group, keys };
  // Keyed by the group itself.
  return key === undefined || value.some((one) => one !== null && isArray(one))
    ? undefined
    : { group: key, keys: value };
}

/** Who wrote a group of keys: by the operation's key and value. */
class WritesByGroup {
  readonly #writes = new Map<string, Operation>();

  add(write: Operation): void {
    this.#writes.set(JSON.stringify([write.key ?? null, write.value]), write);
    if (write.key !== undefined) this.#writes.set(JSON.stringify([write.key, write.key]), write);
  }

  of(key: Key, group: Json): Operation | undefined {
    return this.#writes.get(JSON.stringify([key ?? null, group]));
  }
}
