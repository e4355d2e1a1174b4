import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Guard } from './guard.ts';
import { processState } from './process-state.ts';

/** A process group of its own. */
function sleeper(): number {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  child.unref();
  return child.pid!;
}

async function untilState(pid: number, states: readonly (string | null)[]): Promise<void> {
  for (let i = 0; i < 200 && !states.includes(await processState(pid)); i++) await delay(10);
  expect(states).toContain(await processState(pid));
}

it('ends what it watches when it is closed, stopped processes too, and leaves what it forgot', async () => {
  const guard = new Guard();
  const [watched, stopped, forgotten] = [sleeper(), sleeper(), sleeper()];
  for (const pid of [watched, stopped, forgotten]) guard.watch(pid);
  process.kill(stopped, 'SIGSTOP');
  await untilState(stopped, ['T']);
  guard.forget(forgotten);
  guard.close();
  // Nobody waits for them: a zombie is gone, too.
  await untilState(watched, [null, 'Z']);
  await untilState(stopped, [null, 'Z']);
  expect(await processState(forgotten)).toBe('S');
  process.kill(-forgotten, 'SIGKILL');
});
