import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { cell } from '../sweep/testing/samples.ts';
import { temporaryFolder } from './testing/command.ts';

/** Begins, hears nothing until `go` is there, and is no system: the answer is made at once. */
const DEAF = `
import { existsSync, writeFileSync } from 'node:fs';
writeFileSync('begun', '');
while (!existsSync('go'));
export default {};
`;

it('a worker that has an answer when the process that asked is gone ends without a word', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'deaf.mjs'), DEAF);
  const worker = fork(join(import.meta.dirname, 'sweep-worker.ts'), { cwd: folder, silent: true });
  let told = '';
  worker.stderr?.on('data', (text: string) => (told += text));
  await once(worker, 'message');
  worker.send({ cell: cell('deaf', { system: './deaf.mjs' }), seed: 1, folder, keep: 'failures' });
  while (!existsSync(join(folder, 'begun'))) await delay(10);
  worker.disconnect();
  const said = once(worker.stderr as NodeJS.EventEmitter, 'end');
  const ended = once(worker, 'exit');
  writeFileSync(join(folder, 'go'), '');
  await said;
  expect([told, ...(await ended)]).toEqual(['', 1, null]);
});
