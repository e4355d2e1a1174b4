/**
 * The connection to a Docker engine: found as testcontainers finds it (DOCKER_HOST, the settings of testcontainers, the usual
 * sockets), and, as the `docker` command does, by the context that is in use.
 *
 *     const engine = await connectEngine();
 *     await engine.docker.listContainers();
 *
 * Why none could be reached is found out here, since testcontainers only says that none could.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import Dockerode from 'dockerode';
import { getContainerRuntimeClient } from 'testcontainers';
import { HarnessError } from '../../errors.ts';

export interface Engine {
  readonly docker: Dockerode;
  /** Where its published ports are. */
  readonly host: string;
  /** Published ports are on this machine's loopback, and nobody else needs to reach them. */
  readonly isLoopback: boolean;
  /** Its socket is a file of this machine: it may share this kernel. */
  readonly isSocket: boolean;
  /** As Docker calls it: `x86_64`, `aarch64`. */
  readonly architecture: string;
}

const PROBE_MS = 3000;

/** @throws HarnessError `io`, one line that says what to do */
export async function connectEngine(): Promise<Engine> {
  const { uri, isChosen } = useContext();
  let client: Awaited<ReturnType<typeof getContainerRuntimeClient>>;
  try {
    client = await getContainerRuntimeClient();
  } catch (thrown) {
    throw new HarnessError('io', await whyUnreachable(uri), { cause: thrown });
  }
  const docker = new Dockerode();
  // The one that testcontainers uses, so that both talk to the same engine.
  docker.modem = client.container.getById('none').modem as Dockerode['modem'];
  const { socketPath } = docker.modem as { socketPath?: string };
  // Where the chosen engine does not answer, testcontainers takes another one, if there is one on the usual sockets.
  if (isChosen && socketPath !== undefined && uri !== `unix://${socketPath}` && !uri.startsWith('npipe:')) {
    throw new HarnessError('io', await whyUnreachable(uri));
  }
  const { host, architecture } = client.info.containerRuntime;
  const isSocket = socketPath !== undefined;
  return { docker, host, isLoopback: isSocket && host === 'localhost', isSocket, architecture };
}

/** Makes the context in use known to testcontainers, which reads the environment only. Says where the engine should be. */
function useContext(environment = process.env): { uri: string; isChosen: boolean } {
  const explicit = environment['DOCKER_HOST'];
  if (explicit !== undefined && explicit !== '') return { uri: explicit, isChosen: true };
  const configuration = environment['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
  const host = contextHost(configuration, environment['DOCKER_CONTEXT']);
  if (host === undefined) return { uri: 'unix:///var/run/docker.sock', isChosen: false };
  environment['DOCKER_HOST'] = host;
  return { uri: host, isChosen: true };
}

/** The host of the chosen, else of the current context of Docker's configuration; undefined for the default one. */
export function contextHost(configuration: string, chosen?: string): string | undefined {
  const read = (path: string): unknown => {
    try {
      return JSON.parse(readFileSync(join(configuration, path), 'utf8'));
    } catch {
      return {};
    }
  };
  const name = chosen ?? (read('config.json') as { currentContext?: string }).currentContext;
  if (name === undefined || name === '' || name === 'default') return undefined;
  const folder = createHash('sha256').update(name).digest('hex');
  const meta = read(join('contexts', 'meta', folder, 'meta.json')) as {
    Endpoints?: { docker?: { Host?: string } };
  };
  return meta.Endpoints?.docker?.Host;
}

async function whyUnreachable(uri: string): Promise<string> {
  const at = `cannot reach Docker at ${uri}`;
  if (uri.startsWith('ssh:')) {
    return `${at}: hosts by ssh are not supported; forward its socket (ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST) and set DOCKER_HOST=unix:///tmp/docker.sock`;
  }
  const code = await probe(uri);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `${at}: no permission on its socket: add yourself to the group docker (sudo usermod -aG docker ${userInfo().username}) and log in again`;
    case 'answers':
      return `${at}: something listens there, but does not answer as a Docker engine does`;
    case 'invalid':
      return `${at}: DOCKER_HOST must be unix:///PATH or tcp://HOST:PORT`;
    default:
      return uri.startsWith('unix:')
        ? `${at}: start it (systemctl start docker), or set DOCKER_HOST`
        : `${at} (${code}): is DOCKER_HOST right, and does an engine listen there?`;
  }
}

/** `answers`, `invalid`, or the code of the error. */
function probe(uri: string): Promise<string> {
  return new Promise((resolve) => {
    let target: { path: string } | { host: string; port: number };
    try {
      const { protocol, hostname, port, pathname } = new URL(uri);
      if (protocol === 'unix:') {
        if (!existsSync(pathname)) return resolve('ENOENT');
        target = { path: pathname };
      } else target = { host: hostname, port: Number(port === '' ? 2375 : port) };
    } catch {
      return resolve('invalid');
    }
    const socket = connect(target);
    const end = (code: string): void => {
      socket.destroy();
      resolve(code);
    };
    socket.setTimeout(PROBE_MS, () => end('ETIMEDOUT'));
    socket.on('connect', () => end('answers'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
