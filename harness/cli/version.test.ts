import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, temporaryFolder } from './testing/command.ts';
import { gitIn } from './testing/git.ts';

const SCRIPT = `import { recordedCode } from './shaketable/harness/cli/version.ts'; console.log(JSON.stringify(recordedCode()));`;

/** A folder with a package in it, as npm installs it. */
function projectWithPackage(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'shaketable', 'harness', 'cli'), { recursive: true });
  writeFileSync(join(folder, 'shaketable', 'package.json'), '{ "version": "1.2.3", "type": "module" }');
  cpSync(join(ROOT, 'harness', 'cli', 'version.ts'), join(folder, 'shaketable/harness/cli/version.ts'));
  return folder;
}

function codeIn(cwd: string): unknown {
  const script = ['--input-type=module', '--eval', SCRIPT];
  return JSON.parse(execFileSync(process.execPath, script, { cwd, encoding: 'utf8' }));
}

it("records the project's commit, with + where something has changed; of a checkout of ours its own", () => {
  const folder = projectWithPackage();
  expect(codeIn(folder)).toEqual({ shaketableVersion: '1.2.3', gitRevision: null });
  const commit = (repository: string, name: string): string => {
    const git = gitIn(repository);
    git('init', '--quiet');
    writeFileSync(join(repository, name), '1');
    git('add', name);
    git('commit', '--quiet', '--message', name);
    return git('rev-parse', '--short=12', 'HEAD');
  };
  const project = commit(folder, 'kv-server.mjs');
  expect(codeIn(folder)).toMatchObject({ gitRevision: project });
  writeFileSync(join(folder, 'kv-server.mjs'), '2');
  expect(codeIn(folder)).toMatchObject({ gitRevision: `${project}+` });
  const checkout = commit(join(folder, 'shaketable'), 'README.md');
  expect(codeIn(folder)).toMatchObject({ gitRevision: checkout });
});
