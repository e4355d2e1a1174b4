import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Shell } from './shell.ts';

/** A shell of this machine: what is said to it is the same everywhere. */
const open = (): Promise<Shell> =>
  Shell.open('n1', async ({ onOutput, onError }) => {
    const child = spawn('sh', { stdio: 'pipe' });
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onError);
    child.stdin.on('error', () => undefined);
    return {
      write: (text) => void child.stdin.write(text),
      ended: new Promise((resolve) => child.once('close', () => resolve())),
      close: () => void child.kill('SIGKILL'),
    };
  });

describe('a shell that stays', () => {
  test('answers in order, with output that has no last newline, and with none', async () => {
    const shell = await open();
    const answers = ['echo one', 'printf two', 'true', 'echo three >&2', 'cat'].map((script) =>
      shell.run(script),
    );
    expect(await Promise.all(answers)).toEqual(['one', 'two', '', 'three', '']);
    shell.close();
  });

  test('fails with the words of the command, stops there, and goes on with the next', async () => {
    const shell = await open();
    await expect(shell.run('echo some words\nfalse\necho not reached')).rejects.toThrow(/^n1: some words$/);
    await expect(shell.run('exit 3')).rejects.toThrow('n1: a command failed with code 3');
    await expect(shell.run('no-such-command-here')).rejects.toThrow(/not found/);
    expect(await shell.run('echo still here')).toBe('still here');
    shell.close();
  });

  test('does not keep anybody waiting when it is gone', async () => {
    const shell = await open();
    const waiting = shell.run('sleep 60');
    shell.close();
    await expect(waiting).rejects.toThrow('n1: its shell was closed');
    await expect(shell.run('true')).rejects.toThrow('n1: its shell is gone');
    const other = await open();
    await expect(other.run('kill -9 $$; sleep 1')).rejects.toThrow('n1: its shell is gone');
  });
});
