// Opens an issue for each new failure of `shaketable triage --json`, titled by its signature; failures that never came without another one
// are told in the issue of that. What an open issue names stays as it is; an issue that was closed is opened again.
//   GH_TOKEN=… node open-issues.mjs nightly/triage.json
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LABEL = 'shaketable';
const gh = (...args) =>
  execFileSync('gh', args, { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'inherit'] });

const { new: failures } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = process.env;
const run = `${server}/${repository}/actions/runs/${id}`;

if (failures.length > 0) gh('label', 'create', LABEL, '--description', 'found by a nightly sweep', '--force');
const fields = 'number,title,state,body';
const issues = JSON.parse(
  gh('issue', 'list', '--label', LABEL, '--state', 'all', '--limit', '5000', '--json', fields),
);

for (const { signature, companionOf, explanation, rates, example } of failures) {
  if (companionOf !== null) continue;
  const companions = failures.filter((each) => each.companionOf === signature).map((each) => each.signature);
  const signatures = [signature, ...companions];
  const open = issues.find(
    ({ title, body, state }) =>
      state === 'OPEN' && signatures.some((each) => title === each || (body ?? '').includes(each)),
  );
  const closed = issues.find(({ title, state }) => state === 'CLOSED' && signatures.includes(title));
  const came = rates.map(({ failures, runs, nemesis }) => `${failures} of ${runs} runs under ${nemesis}`);
  const others = companions.map((each) => `- \`${each}\`\n`).join('');
  const seen = [
    `Came in ${came.join(', ')}, seen by ${run}.\n\n    ${example.again}\n`,
    ...(companions.length > 0 ? [`With it came, as a rule of one cause:\n\n${others}`] : []),
  ].join('\n');
  if (open === undefined && closed === undefined) {
    gh('issue', 'create', '--title', signature, '--label', LABEL, '--body', `${explanation}\n\n${seen}`);
  } else if (open === undefined) {
    gh('issue', 'reopen', String(closed.number), '--comment', seen);
  }
  console.log(`${(open ?? closed)?.state.toLowerCase() ?? 'new'}  ${signature}`);
}
