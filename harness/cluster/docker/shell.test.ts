import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createDockerBackend } from './docker-backend.ts';
import { connectEngine } from './engine.ts';
import { mayEnter, namespaceShell, Shell } from './shell.ts';
import { dockerRequirement } from './testing/require-docker.ts';

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

const docker = await dockerRequirement();
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

test.skipIf(docker.skip || !isRoot)(
  `the network of a container is entered, and of nothing else${docker.note}`,
  async () => {
    const backend = await createDockerBackend({ runId: 'enter', nodes: ['n1', 'n2'], ports: [] });
    try {
      await backend.prepare();
      const engine = await connectEngine();
      const container = engine.docker.getContainer(`shaketable-${backend.runName}-n1-sandbox`);
      const { Id, State } = await container.inspect();
      // An engine whose processes are not seen from here: by the engine, then.
      if (!mayEnter(State.Pid, Id)) return;
      expect(mayEnter(process.pid, Id)).toBe(false);
      expect(mayEnter(0, Id)).toBe(false);
      const shell = await namespaceShell('n1', State.Pid);
      expect(await shell.run('iptables -S')).toContain('-A cut-1 -j DROP');
      expect(await shell.run('readlink /proc/self/ns/net')).not.toBe(await hostNetwork());
      shell.close();
    } finally {
      await backend.close();
    }
  },
);

async function hostNetwork(): Promise<string> {
  const shell = await open();
  const network = await shell.run('readlink /proc/self/ns/net');
  shell.close();
  return network;
}
