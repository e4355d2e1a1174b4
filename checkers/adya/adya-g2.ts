/**
 * Judges `insert`s that look before they leap: each reads two tables by a predicate on the key and inserts its row only
 * when both are empty, in one transaction. At most one of a key may commit. After `jepsen.tests.adya`.
 *
 *     key 7: insert [null, 1] ok · insert [2, null] fail   is fine
 *     key 7: insert [null, 1] ok · insert [2, null] ok     G2: each must have missed the other's row
 *
 * The value is [id in table a or null, id in table b or null]; the key is the operation's, or stands before the value
 * as in [7, [null, 1]]. An insert of unknown outcome counts for nothing.
 *
 * It does not see what the predicates returned, so it cannot tell an anti-dependency cycle from a first row that was
 * lost: either way the second insert should not have found the tables empty.
 */
import { HarnessError } from '../../harness/errors.ts';
import type { Json, Operation } from '../../harness/history/operation.ts';
import type { OperationPair } from '../../harness/history/history.ts';
import type { Checker } from '../checker.ts';
import { Findings, show } from '../findings/findings.ts';
import type { Finding } from '../findings/findings.ts';
import { Pace } from '../findings/pace.ts';

const NAME = 'adya-g2';
const INSERTS_TOLD_MAX = 10;

interface Inserts {
  readonly committed: OperationPair[];
  tried: number;
}

export function adyaG2(): Checker {
  return {
    name: NAME,
    check: (input) => {
      const { history } = input;
      const pace = new Pace(input, history.length);
      const keys = new Map<string | number, Inserts>();
      for (const pair of history.pairs()) {
        const { invocation, completion } = pair;
        if (pace.spend(2)) break;
        if (invocation.f !== 'insert') {
          throw new HarnessError(
            'bad-history',
            `operation ${invocation.index}: adya-g2 has insert, no ${invocation.f}`,
          );
        }
        const key = keyOf(invocation);
        let inserts = keys.get(key);
        if (inserts === undefined) keys.set(key, (inserts = { committed: [], tried: 0 }));
        inserts.tried++;
        if (completion?.type === 'ok') inserts.committed.push(pair);
      }
      const entries = [...keys];
      const illegal = entries.filter(([, { committed }]) => committed.length > 1);
      const contended = entries.filter(([, { tried }]) => tried > 1);
      const legal = contended.filter(([, { committed }]) => committed.length === 1);
      const findings = new Findings();
      for (const [key, { committed }] of illegal) findings.add('G2', () => tell(key, committed));
      return findings.conclude(NAME, {
        statistics: {
          keys: keys.size,
          contended: contended.length,
          legal: legal.length,
          illegal: illegal.length,
        },
        unknownBecause:
          pace.reason ??
          (legal.length === 0
            ? 'of no key two inserts were tried and one committed, so nothing was judged: run longer, with two clients a key'
            : undefined),
      });
    },
  };
}

function keyOf({ index, key, value }: Operation): string | number {
  const found: Json | undefined = key ?? (isArray(value) && isArray(value[1]) ? value[0] : undefined);
  if (typeof found === 'string' || typeof found === 'number') return found;
  const shown = show(value);
  throw new HarnessError(
    'bad-history',
    `operation ${index}: an insert wants a key, or a value such as [key, [id, null]], not ${shown}`,
  );
}

const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

function tell(key: string | number, committed: readonly OperationPair[]): Finding {
  const [first, second] = committed as [OperationPair, OperationPair];
  const more =
    committed.length > 2 ? ` ${committed.length - 2} more inserts of this key committed as well.` : '';
  return {
    explanation:
      `The inserts of operations ${first.invocation.index} and ${second.invocation.index} both committed a row with key ` +
      `${show(key)}, though each commits only if it finds no row with this key: neither saw the other's.${more}`,
    operations: committed
      .slice(0, INSERTS_TOLD_MAX)
      .flatMap(({ invocation, completion }) => [invocation.index, completion?.index ?? invocation.index])
      .sort((a, b) => a - b),
    evidence: {
      key,
      committed: committed.slice(0, INSERTS_TOLD_MAX).map(({ invocation }) => invocation.value),
    },
    picture: {
      kind: 'graph',
      nodes: [first, second].map(({ invocation }) => ({
        label: `insert ${show(invocation.value)}`,
        operation: invocation.index,
      })),
      edges: [
        { from: 0, to: 1, label: 'rw (predicate)' },
        { from: 1, to: 0, label: 'rw (predicate)' },
      ],
    },
  };
}
