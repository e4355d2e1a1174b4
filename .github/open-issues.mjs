// Opens an issue for each failure of a sweep, titled by its signature: one that is open stays as it is, one that was closed is opened again.
//   GH_TOKEN=… node open-issues.mjs nightly/summary.json
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LABEL = 'shaketable';
const gh = (...args) => execFileSync('gh', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const { failures } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = process.env;
const run = `${server}/${repository}/actions/runs/${id}`;

if (failures.length > 0) gh('label', 'create', LABEL, '--description', 'found by a nightly sweep', '--force');
const issues = JSON.parse(
  gh('issue', 'list', '--label', LABEL, '--state', 'all', '--limit', '5000', '--json', 'number,title,state'),
);

for (const { signature, runs, example } of failures) {
  if (signature === null) continue;
  const seen = `Seen in ${runs} run(s), first in \`${example.cell}\`, by ${run}.\n\n    ${example.again ?? ''}\n`;
  const known = issues.find(({ title }) => title === signature);
  if (known === undefined) {
    gh('issue', 'create', '--title', signature, '--label', LABEL, '--body', `${example.why}\n\n${seen}`);
  } else if (known.state === 'CLOSED') {
    gh('issue', 'reopen', String(known.number), '--comment', seen);
  }
  console.log(`${known === undefined ? 'new' : known.state.toLowerCase()}  ${signature}`);
}
