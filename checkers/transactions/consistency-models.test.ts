import { describe, expect, it } from 'vitest';
import { consistencyModels, proscribes, refutation, resolveConsistencyModel } from './consistency-models.ts';

describe('consistency models', () => {
  it.each<[anomaly: string, weakestRefuted: readonly string[]]>([
    ['G0', ['read-uncommitted']],
    ['G1a', ['read-committed']],
    ['G1b', ['read-committed']],
    ['G1c', ['read-committed']],
    ['dirty-update', ['read-committed']],
    ['incompatible-order', ['read-committed']],
    ['future-read', ['read-committed']],
    ['garbage-read', ['read-uncommitted']],
    ['duplicate-elements', ['read-uncommitted']],
    ['internal', ['read-atomic']],
    ['lost-update', ['cursor-stability', 'update-atomic']],
    ['G-single', ['consistent-view', 'parallel-snapshot-isolation', 'repeatable-read']],
    ['G-nonadjacent', ['repeatable-read', 'snapshot-isolation']],
    ['G2-item', ['repeatable-read']],
    ['G0-process', ['strong-session-read-uncommitted']],
    ['G1c-process', ['strong-session-read-committed']],
    ['G-single-process', ['strong-session-snapshot-isolation']],
    ['G2-item-process', ['strong-session-serializable']],
    ['G0-realtime', ['strong-read-uncommitted']],
    ['G1c-realtime', ['strong-read-committed']],
    ['G-single-realtime', ['strong-snapshot-isolation']],
    ['G2-item-realtime', ['strict-serializable']],
  ])('%s refutes %j and whatever is stronger', (anomaly, weakestRefuted) => {
    expect(refutation([anomaly]).weakestRefuted).toEqual(weakestRefuted);
    expect(proscribes('strict-serializable', anomaly)).toBe(true);
  });

  it('are all refuted by an anomaly that none knows', () => {
    expect(consistencyModels.every(({ name }) => proscribes(name, 'melted-disk'))).toBe(true);
  });

  it('stand where there is no anomaly', () => {
    expect(refutation([])).toEqual({ weakestRefuted: [], strongestNotRefuted: ['strict-serializable'] });
    expect(refutation(['G1a']).strongestNotRefuted).toEqual(['strong-read-uncommitted']);
  });

  it('have a name, a summary, and other names', () => {
    for (const { name, summary } of consistencyModels) {
      expect(resolveConsistencyModel(name)).toBe(name);
      expect(summary).toMatch(/^[a-z].*[^.]$/);
    }
    expect(resolveConsistencyModel('PL-SI')).toBe('snapshot-isolation');
    expect(() => resolveConsistencyModel('snapshot')).toThrow(
      /^unknown consistency model "snapshot"; did you mean "/,
    );
  });
});
