/** A search never takes more than its budget: by its own account, and by the engine's. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linearizability } from './index.ts';
import { modelNamed } from './models/index.ts';
import type { Model } from './model.ts';
import { cases } from './testing/memory-cases.ts';

const MIB = 1 << 20;
const PROBE = join(import.meta.dirname, 'testing/memory-probe.ts');

/** In a process of its own: what a test before has left must not be measured. */
function measured(
  index: number,
  mib: number,
): { heldBytes: number; peakBytes: number; configurations: number } {
  const args = ['--expose-gc', PROBE, String(index), String(mib)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as ReturnType<typeof measured>;
}

describe.each(cases.map((one, index) => ({ ...one, index })))('$what: $model', ({ index }) => {
  it.each([4, 12])('takes no more than %i MiB', (mib) => {
    const { heldBytes, peakBytes, configurations } = measured(index, mib);
    expect(peakBytes).toBeLessThanOrEqual(mib * MIB);
    expect(heldBytes / MIB, 'MiB that the engine holds').toBeLessThan(mib * 1.1 + 1);
    // The account must not be far above the truth either: memory is there to be used.
    expect(heldBytes / MIB, 'MiB that the engine holds').toBeGreaterThan(mib / 6);
    expect(configurations).toBeGreaterThan(0);
  });
});

describe('a verdict without memory', () => {
  it('is unknown, with the longest prefix, and with what to try', () => {
    const { history } = cases[0]!;
    const counter = modelNamed('counter') as Model;
    // With steps of its own: the counter has a decider, which needs no search.
    const model: Model = { ...counter, step: (state, call) => counter.step(state, call) };
    const verdict = linearizability({ model, memoryBytes: MIB }).check({ history });
    expect(verdict.valid).toBe('unknown');
    expect(verdict.reason).toMatch(/the memory budget of 1048576 bytes was used up.*raise it/);
    expect(verdict.statistics).toMatchObject({ undecidedKeys: [{ longestPrefixLength: 26, stuckAt: 53 }] });
  });
});
