/** What users do to have Shaketable in their own tests: docs/regression-tests.md, as it is written, up to vitest itself. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandIn, onlyRunIn, readJson, ROOT } from './testing/command.ts';
import { followPage } from './testing/page.ts';

const TEST_TIMEOUT_MS = 300_000;
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');

/** As if the package were installed. */
const CONFIG = `export default {
  resolve: { alias: [
    { find: 'shaketable/vitest', replacement: ${JSON.stringify(join(ROOT, 'harness', 'cli', 'vitest.ts'))} },
    { find: 'shaketable', replacement: ${JSON.stringify(join(ROOT, 'api', 'index.ts'))} },
    { find: 'vitest', replacement: ${JSON.stringify(join(ROOT, 'node_modules', 'vitest'))} },
  ] },
  test: { testTimeout: 120_000 },
};
`;

it(
  'the page on regression tests says what happens, and what is promoted passes',
  async () => {
    const { folder } = await followPage('regression-tests.md');
    const shaketable = commandIn(folder);
    const found = onlyRunIn(join(folder, 'results', 'runs'));
    const shrunk = await shaketable('shrink', found, '--attempts', '60', '--results', 'shrunk', '--json');
    expect(shrunk.exitCode, shrunk.stderr).toBe(0);
    const { directory, after } = JSON.parse(shrunk.stdout) as {
      directory: string;
      after: { operations: number };
    };
    expect(after.operations).toBeLessThan(20);
    const promoted = await shaketable('promote', directory);
    expect(promoted).toMatchObject({
      exitCode: 0,
      stdout: 'test/regressions/kv-register-nonlinearizable-1\n',
    });
    expect(
      readJson<object>(folder, 'test/regressions/kv-register-nonlinearizable-1/expected.json'),
    ).toMatchObject({ expect: 'found', anomaly: 'linearizability/nonlinearizable' });
    const twice = await shaketable('promote', directory);
    expect(twice.exitCode).toBe(64);
    expect(twice.stderr).toContain('is there already: choose another --name');

    writeFileSync(join(folder, 'vitest.config.mjs'), CONFIG);
    const { status, stdout, stderr } = spawnSync(process.execPath, [VITEST, 'run', '--root', folder], {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
      encoding: 'utf8',
    });
    expect(status, `${stdout}${stderr}`).toBe(0);
    expect(stdout).toMatch(/Tests\s+4 passed/);
  },
  TEST_TIMEOUT_MS,
);
