import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readJson, temporaryFolder } from './testing/command.ts';
import { expectPromoted, promotedRuns } from './vitest.ts';

const PROMOTED = join(ROOT, 'test', 'regressions', 'stale-read');
const folder = temporaryFolder();
let copies = 0;

/** A promoted run with some fields changed. */
function promoted(changes: { readonly [file: string]: object }): string {
  const path = join(folder, `copy-${copies++}`);
  cpSync(PROMOTED, path, { recursive: true });
  for (const [file, fields] of Object.entries(changes))
    writeFileSync(join(path, file), JSON.stringify({ ...readJson<object>(path, file), ...fields }));
  return path;
}

describe('expectPromoted', () => {
  it('passes while the plan shows the anomaly', async () => {
    await expectPromoted(promoted({}));
  });

  it('fails when it was mended, and says what to do', async () => {
    const mended = promoted({ 'test.json': { bugs: [] } });
    await expect(expectPromoted(mended)).rejects.toThrow(
      /no longer shows linearizability\/nonlinearizable\. Is it mended\? Then let expected\.json expect "valid"/,
    );
  });

  it('passes when it is mended and expected to be', async () => {
    await expectPromoted(promoted({ 'test.json': { bugs: [] }, 'expected.json': { expect: 'valid' } }));
  });

  it('fails when it comes back, with the verdict', async () => {
    await expect(expectPromoted(promoted({ 'expected.json': { expect: 'valid' } }))).rejects.toThrow(
      /its plan is expected to be valid\nINVALID {2}Consistency violated: nonlinearizable/,
    );
  });

  it('fails when nothing happens that could have shown it', async () => {
    const silent = promoted({ 'test.json': { operationTimeoutMs: 1 }, 'expected.json': { expect: 'valid' } });
    await expect(expectPromoted(silent)).rejects.toThrow(
      /its plan is expected to be valid, and no (read|write)/,
    );
  });

  it('fails when checkers have become blind to the history', async () => {
    const path = promoted({});
    const history = readFileSync(join(path, 'history.jsonl'), 'utf8');
    writeFileSync(join(path, 'history.jsonl'), `${history.split('\n').slice(0, 3).join('\n')}\n`);
    await expect(expectPromoted(path)).rejects.toThrow(
      "today's checkers do not find linearizability/nonlinearizable in its history",
    );
  });

  it('refuses to expect of a run in real time what could only pass', async () => {
    const cluster = { 'test.json': { cluster: 'process', nemeses: [] } };
    await expectPromoted(promoted(cluster));
    await expect(
      expectPromoted(promoted({ ...cluster, 'expected.json': { expect: 'valid' } })),
    ).rejects.toThrow(
      /ran on cluster process, and is not run again: a test that expects "valid" of it could only pass/,
    );
  });

  it('refuses what it cannot read, in one line', async () => {
    await expect(expectPromoted(join(folder, 'nowhere'))).rejects.toThrow('is no run directory');
    await expect(expectPromoted(promoted({ 'expected.json': { expect: 'luck' } }))).rejects.toThrow(
      /expected\.json: expect: /,
    );
    await expect(expectPromoted(promoted({ 'expected.json': { version: 2 } }))).rejects.toThrow(
      'has format version 2; this Shaketable reads version 1',
    );
    expect(() => promotedRuns(join(folder, 'nowhere'))).toThrow('is no folder of promoted runs');
  });

  it('knows what is promoted to a folder', () => {
    expect(promotedRuns(join(ROOT, 'test', 'regressions')).length).toBeGreaterThanOrEqual(2);
    expect(promotedRuns(join(ROOT, 'test', 'gates'))).toEqual([]);
  });
});
