import { describe, expect, it } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import type { Random } from '../../../harness/random.ts';
import { changeOf, versionedKv, versionedRegister } from '../models/versioned.ts';
import { compareWithDefinition } from './testing/compare.ts';
import type { Subject } from './testing/compare.ts';
import { decideVersionedKv, decideVersionedRegister } from './versioned.ts';

const VALUES = 3;

/** Some changes do not tell their version, or tell it as the position. */
function register(functions: readonly string[], untold: number): Subject {
  return {
    model: versionedRegister,
    ask: (random, _, state) => {
      const [, value] = state as readonly [number, Json];
      const f = random.pick(functions);
      const next = random.integer(1, VALUES);
      if (f === 'read') return { f, argument: null };
      if (f === 'write') return { f, argument: random.chance(0.5) ? next : [null, next] };
      return { f, argument: [random.chance(0.8) ? value : random.integer(1, VALUES), next] };
    },
    answer: (state, f, argument) => {
      const [version, value] = state as readonly [number, Json];
      if (f === 'read') return version === 0 ? [null, null] : [version, value];
      const change = changeOf({ f, argument, outcome: 'unknown', result: null });
      if (change?.expected !== undefined && change.expected !== value) return undefined;
      if (Number(change?.value) <= untold) return argument;
      const asked =
        Array.isArray(argument) && argument[0] === null && change?.expected === undefined
          ? (argument[1] as Json)
          : argument;
      return version % 2 === 0 ? [version + 1, asked] : { told: argument, position: version + 1 };
    },
  };
}

type Reads = 'revisions' | 'positions' | 'both';

interface Store {
  readonly revision: number;
  readonly written: readonly (readonly [string, number, number, Json])[];
}

function store(functions: readonly string[], reads: Reads, values = VALUES): Subject {
  const valueOf = (state: Json, key?: string): readonly [number, Json] => {
    const last = (state as unknown as Store).written.find(([name]) => name === key);
    return last === undefined || last[3] === null ? [0, null] : [last[1], last[3]];
  };
  return {
    model: versionedKv,
    ask: (random: Random, _, state) => {
      const f = random.pick(functions);
      const key = random.pick(['x', 'y']);
      const next = random.integer(1, values);
      if (f === 'read' || f === 'delete') return { f, key, argument: null };
      if (f === 'write') return { f, key, argument: next };
      return {
        f,
        key,
        argument: [random.chance(0.8) ? valueOf(state, key)[1] : next, random.integer(1, values)],
      };
    },
    answer: (state, f, argument, key) => {
      const { revision } = state as unknown as Store;
      const [last, value] = valueOf(state, key);
      if (f === 'read') {
        const which = reads === 'both' && revision % 3 === 0 ? 'revisions' : reads;
        if (which === 'revisions') return [last, value];
        return { told: which === 'positions' ? value : [last, value], position: revision };
      }
      if (f === 'cas' && (argument as Json[])[0] !== value) return undefined;
      return [revision + 1 + (revision % 2), argument];
    },
  };
}

describe('compared with the definition', () => {
  it.each([
    ['reads and writes', register(['read', 'write'], 0)],
    ['many reads', register(['read', 'read', 'read', 'write'], 0)],
    ['with cas', register(['read', 'write', 'cas', 'cas'], 0)],
    ['some untold', register(['read', 'write', 'cas'], 1)],
  ])('a versioned register, %s', (_, subject) => {
    const tally = compareWithDefinition(subject, decideVersionedRegister, 4000);
    expect(Math.min(tally.legal, tally.illegal), JSON.stringify(tally)).toBeGreaterThan(300);
  });

  it.each([
    ['revisions', store(['read', 'read', 'write'], 'revisions')],
    ['positions', store(['read', 'read', 'write'], 'positions')],
    ['both', store(['read', 'read', 'write', 'delete'], 'both')],
    ['both, with cas', store(['read', 'read', 'write', 'cas', 'cas'], 'both', 2)],
    ['positions, with cas and deletes', store(['read', 'write', 'cas', 'delete'], 'positions', 2)],
    ['revisions, with cas', store(['read', 'read', 'cas', 'write'], 'revisions', 2)],
  ])('a versioned store, %s', (_, subject) => {
    const tally = compareWithDefinition(subject, decideVersionedKv, 4000);
    expect(Math.min(tally.legal, tally.illegal), JSON.stringify(tally)).toBeGreaterThan(400);
  });
});
