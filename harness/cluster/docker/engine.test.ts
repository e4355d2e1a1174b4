import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { HarnessError } from '../../errors.ts';
import { contextHost } from './engine.ts';
import { engineError, messageOf } from './engine-error.ts';

const folders: string[] = [];
const servers: Server[] = [];

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'engine-'));
  folders.push(path);
  return path;
};

const listen = (where: string | number): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('220 this is no Docker\r\n');
    });
    servers.push(server);
    server.listen(where, () => resolve((server.address() as AddressInfo).port));
  });

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const path of folders.splice(0)) rmSync(path, { recursive: true });
});

/** In a process of its own: testcontainers finds its engine once. Asynchronous servers of this process keep answering. */
async function connectIn(environment: Record<string, string>, uid?: number): Promise<string> {
  const script = `
    const { connectEngine } = await import(${JSON.stringify(join(import.meta.dirname, 'engine.ts'))});
    try { await connectEngine(); console.log('connected'); } catch (error) { console.log(error.code + ' ' + error.message); }`;
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', script],
      {
        env: { PATH: process.env['PATH'], HOME: folder(), ...environment },
        ...(uid === undefined ? {} : { uid }),
      },
      (_error, stdout, stderr) => resolve(`${stdout}${stderr}`.trim()),
    );
  });
}

describe('an engine that cannot be reached is told in one line', () => {
  test('no socket', async () => {
    const socket = join(folder(), 'docker.sock');
    expect(await connectIn({ DOCKER_HOST: `unix://${socket}` })).toBe(
      `io cannot reach Docker at unix://${socket}: start it (systemctl start docker), or set DOCKER_HOST`,
    );
  });

  test('nobody listens', async () => {
    const port = await listen(0);
    servers.splice(0).forEach((server) => server.close());
    expect(await connectIn({ DOCKER_HOST: `tcp://127.0.0.1:${port}` })).toBe(
      `io cannot reach Docker at tcp://127.0.0.1:${port} (ECONNREFUSED): is DOCKER_HOST right, and does an engine listen there?`,
    );
  });

  test('something else listens', async () => {
    const uri = `tcp://127.0.0.1:${await listen(0)}`;
    expect(await connectIn({ DOCKER_HOST: uri })).toBe(
      `io cannot reach Docker at ${uri}: something listens there, but does not answer as a Docker engine does`,
    );
  });

  test('by ssh, and nonsense', async () => {
    expect(await connectIn({ DOCKER_HOST: 'ssh://me@there' })).toMatch(
      /^io cannot reach Docker at ssh:\/\/me@there: hosts by ssh are not supported; forward its socket/,
    );
    expect(await connectIn({ DOCKER_HOST: 'nonsense' })).toBe(
      'io cannot reach Docker at nonsense: DOCKER_HOST must be unix:///PATH or tcp://HOST:PORT',
    );
  });

  const isRoot = process.getuid?.() === 0;
  const nobody = 65534;
  const mayRead =
    isRoot &&
    spawnSync(process.execPath, [join(import.meta.dirname, 'labels.ts')], { uid: nobody }).status === 0;

  test.skipIf(!mayRead)('no permission on its socket', async () => {
    const path = folder();
    chmodSync(path, 0o755);
    const socket = join(path, 'docker.sock');
    await listen(socket);
    chmodSync(socket, 0o600);
    expect(await connectIn({ DOCKER_HOST: `unix://${socket}` }, nobody)).toMatch(
      /^io cannot reach Docker at unix:.*: no permission on its socket: add yourself to the group docker \(sudo usermod -aG docker \w+\)/,
    );
  });
});

test('the context in use says where the engine is', () => {
  const configuration = folder();
  expect(contextHost(configuration)).toBeUndefined();
  const write = (name: string, host: string): void => {
    const path = join(configuration, 'contexts', 'meta', createHash('sha256').update(name).digest('hex'));
    mkdirSync(path, { recursive: true });
    writeFileSync(
      join(path, 'meta.json'),
      JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
    );
  };
  write('colima', 'unix:///home/me/.colima/docker.sock');
  write('remote', 'tcp://10.0.0.1:2375');
  writeFileSync(join(configuration, 'config.json'), JSON.stringify({ currentContext: 'colima' }));
  expect(contextHost(configuration)).toBe('unix:///home/me/.colima/docker.sock');
  expect(contextHost(configuration, 'remote')).toBe('tcp://10.0.0.1:2375');
  expect(contextHost(configuration, 'default')).toBeUndefined();
  expect(contextHost(configuration, 'no-such-context')).toBeUndefined();
});

describe('what Docker refuses is told in one line', () => {
  test.each([
    [
      'could not find an available, non-overlapping IPv4 address pool among the defaults',
      /no free network left.*shaketable clean/,
    ],
    ['write /var/lib/docker/tmp/x: no space left on device', /no space left on the disk of Docker/],
    [
      'driver failed programming external connectivity: Bind for 0.0.0.0:7000 failed: port is already allocated',
      /try again/,
    ],
    ['connect ECONNREFUSED /var/run/docker.sock', /connection to Docker was lost/],
    ['something new\n  on two lines', /^n1: something new on two lines$/],
  ])('%s', (said, expected) => {
    const error = engineError(
      Object.assign(new Error(`(HTTP code 500) server error - ${said} `), { json: { message: said } }),
      'n1',
    );
    expect(error.message).toMatch(expected);
    expect(error.message).not.toContain('\n');
    expect(error.exitCode).toBe(70);
  });

  test('the client library’s own words go, and our own errors pass', () => {
    expect(messageOf(new Error('(HTTP code 404) no such container - No such image: x:1 '))).toBe(
      'No such image: x:1',
    );
    const own = new HarnessError('usage', 'as it is');
    expect(engineError(own, 'n1')).toBe(own);
  });
});
