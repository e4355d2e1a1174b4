/**
 * A results folder whose every name and sentence would like to be markup, a path or an option, beside runs that mean well; and a secret
 * outside that nobody may read.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRun } from '../../index/testing/made-runs.ts';

export const SECRET = 'the secret outside of the results';
export const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>'&amp;`;
/** As a folder's name, without `/`. */
export const HOSTILE_NAME = `"><img src=x onerror=alert(3)>#?%2e%2e&'`;
export const HOSTILE_RUN = `raft-register/${HOSTILE_NAME}`;

/** @param parent - an empty folder. @returns the results folder in it */
export function hostileFolder(parent: string): string {
  writeFileSync(join(parent, 'secret.txt'), SECRET);
  mkdirSync(join(parent, 'outside'));
  writeFileSync(join(parent, 'outside/secret.json'), SECRET);
  const folder = join(parent, 'results');
  const good = makeRun(folder, { path: 'raft-register/20261128T192409Z-1', valid: true });
  mkdirSync(join(good, 'nodes/n1'), { recursive: true });
  writeFileSync(join(good, 'nodes/n1/node.log'), `${HOSTILE}\n`);
  writeFileSync(join(good, '.hidden'), SECRET);
  symlinkSync(join(parent, 'secret.txt'), join(good, 'leak.txt'));
  symlinkSync(join(parent, 'outside'), join(folder, 'raft-register/leak'));
  writeFileSync(join(good, 'report.html'), `<!doctype html><title>A report</title><script>alert(4)</script>`);
  writeFileSync(join(folder, 'notes.txt'), SECRET);
  // Not every test.json is that of a run.
  mkdirSync(join(folder, 'project'));
  writeFileSync(join(folder, 'project/test.json'), '{"format":"karma"}');
  writeFileSync(join(folder, 'project/secret.env'), SECRET);
  const test = {
    ...{ system: HOSTILE, workload: HOSTILE, nemeses: [HOSTILE], bugs: [HOSTILE], seed: 2 },
    ...{ commandLine: HOSTILE, gitRevision: HOSTILE, systemOptions: { [HOSTILE]: HOSTILE } },
    startedAt: '2026-11-27T10:00:00.000Z',
  };
  const told = { anomaly: HOSTILE, explanation: HOSTILE, signature: HOSTILE };
  makeRun(folder, { path: HOSTILE_RUN, valid: false, test, ...told });
  const running = makeRun(folder, { path: 'raft-register/running', valid: null, test });
  writeFileSync(join(running, 'history.jsonl'), hostileHistory());
  writeFileSync(
    join(running, 'trace.jsonl'),
    jsonLines({ format: 'shaketable-trace', version: 1 }, [
      { node: HOSTILE, time: 1e9, event: { kind: 'role', role: 'leader', term: 3, leader: HOSTILE } },
    ]),
  );
  const sweep = join(folder, 'sweeps/night');
  mkdirSync(sweep, { recursive: true });
  writeFileSync(join(sweep, 'sweep.jsonl'), hostileSweep());
  writeFileSync(join(sweep, 'summary.md'), `# ${HOSTILE}\n`);
  writeFileSync(join(sweep, 'summary.json'), '{}\n');
  return folder;
}

function hostileHistory(): string {
  const effect = {
    faultId: 1,
    fault: HOSTILE,
    edge: 'begin',
    nodes: [HOSTILE],
    description: HOSTILE,
    parameters: {},
  };
  const operation = { time: 2e9, process: 1, f: HOSTILE, key: HOSTILE, value: HOSTILE, node: HOSTILE };
  return jsonLines({ format: 'shaketable-history', version: 1 }, [
    { ...operation, index: 0, type: 'invoke' },
    { ...operation, index: 1, type: 'info', error: { code: HOSTILE } },
    { index: 2, time: 2e9, process: 'nemesis', type: 'invoke', f: HOSTILE, value: null },
    { index: 3, time: 2e9, process: 'nemesis', type: 'ok', f: HOSTILE, value: effect },
  ]);
}

function hostileSweep(): string {
  // Longer than its column.
  const key = HOSTILE.repeat(3);
  const cell = {
    ...{ key, system: HOSTILE, workload: HOSTILE, options: [], seeds: { first: 1, last: 2 } },
    ...{ budgetS: null, expect: 'valid', maxUnknown: 0, checkBudgetS: null, isRealTime: false },
  };
  const header = {
    ...{
      format: 'shaketable-sweep',
      version: 1,
      name: HOSTILE,
      shaketableVersion: HOSTILE,
      gitRevision: HOSTILE,
    },
    ...{ startedAt: '2026-11-27T03:15:00.000Z', keep: 'failures', shard: null, cells: [cell] },
  };
  const record = {
    ...{ cell: key, seed: 1, outcome: 'invalid', why: HOSTILE, anomaly: HOSTILE, again: HOSTILE },
    ...{ directory: '../../outside', operations: 10, tookMs: 5, signatures: [HOSTILE] },
  };
  return jsonLines(header, [record]);
}

export const jsonLines = (header: object, records: readonly object[]): string =>
  [header, ...records].map((each) => `${JSON.stringify(each)}\n`).join('');
