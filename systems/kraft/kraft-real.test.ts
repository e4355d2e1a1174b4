/**
 * Brokers in real time, as a user starts them: on real sockets, disks and signals they find each other by name, come back from kills,
 * and what they say of themselves is judged.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  commandIn,
  onlyRunIn,
  readJson,
  readRecords,
  temporaryFolder,
} from '../../harness/cli/testing/command.ts';
import { dockerRequirement } from '../../harness/cluster/docker/testing/require-docker.ts';
import type { Operation } from '../../harness/history/operation.ts';
import type { TraceRecord } from '../../harness/history/trace.ts';

/** One node at a time: with all of them down from the beginning, nothing is sent that could be judged. */
const RUN =
  'run kraft log --time-limit 12 --nemesis kill-one --nemesis-interval 4 --quiet 2 --concurrency 4 --rate 50 --seed 1'.split(
    ' ',
  );
/** A busy machine may keep a broker from its controller for a second: that is none of this test's faults. */
const PATIENCE = [
  'controller.quorum.fetch.timeout.ms=1500',
  'controller.quorum.request.timeout.ms=1500',
  'broker.session.timeout.ms=3000',
].flatMap((option) => ['--option', option]);
const TIMEOUT_MS = 120_000;
const docker = await dockerRequirement();

interface Verdicts {
  readonly verdicts: readonly { readonly checker: string; readonly valid: boolean | string }[];
}

describe.each([
  { kind: 'process', skip: false, note: '', more: ['--option', 'client=kafkajs'] },
  { kind: 'docker', ...docker, more: [] },
] as const)('$kind', ({ kind, skip, note, more }) => {
  test.skipIf(skip)(`a log of brokers that are killed is valid${note}`, { timeout: TIMEOUT_MS }, async () => {
    const folder = temporaryFolder();
    const { stdout, stderr } = await commandIn(folder)(...RUN, ...PATIENCE, '--cluster', kind, ...more);
    const run = onlyRunIn(join(folder, 'results/runs'));
    const { verdicts } = readJson<Verdicts>(run, 'verdict.json');
    const said = new Map(verdicts.map(({ checker, valid }) => [checker, valid]));
    for (const checker of ['log', 'invariants', 'isr', 'offset-loss'])
      expect([checker, said.get(checker)], stdout + stderr).toEqual([checker, true]);

    // That log is valid says that sends were acknowledged: without any it would be unknown.
    const sent = readRecords<Operation>(run, 'history.jsonl').filter(({ f }) => f === 'send');
    expect(sent.some(({ type }) => type === 'ok')).toBe(true);
    const trace = readRecords<TraceRecord>(run, 'trace.jsonl');
    const kinds = new Set(trace.map(({ event }) => event.kind));
    expect([...kinds].sort().join()).toMatch(/role.*start.*stop/);
    expect(stdout).toMatch(/processesKilled \d/);
    expect(readFileSync(join(run, 'nodes/n1/node.log'), 'utf8')).toMatch(/is unfenced/);
  });
});
