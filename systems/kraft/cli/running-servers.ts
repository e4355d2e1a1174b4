/**
 * Which servers of this user run on this machine: what `kraft server-stop` without a file stops. Each has a file of its own, named
 * by its process, in a folder of the user's own among the temporary files.
 *
 *     const entry = announceServer({ nodeId: 1, roles: ['broker'], config: '/etc/kraft/1.properties' });
 *     runningServers();     // [{ pid: 4711, nodeId: 1, … }]
 *     entry.withdraw();
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify, isRunning } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';

export interface ServerFacts {
  readonly nodeId: number;
  readonly roles: readonly string[];
  /** Absolute. */
  readonly config: string;
}

export type RunningServer = ServerFacts & ProcessIdentity;

/** Files beyond this are not looked at. */
const SERVERS_MAX = 1_000;

/** Null where another user could write into it: then nothing there is believed. */
function registryFolder(): string | null {
  const userId = process.getuid?.() ?? 0;
  const folder = join(process.env['KRAFT_RUN_DIR'] ?? tmpdir(), `kraft-servers-${userId}`);
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const facts = lstatSync(folder);
    const isOwn = facts.isDirectory() && facts.uid === userId && (facts.mode & 0o022) === 0;
    return isOwn ? folder : null;
  } catch {
    return null;
  }
}

/** Of this process. Where it cannot be written, `server-stop` needs the file that the server was started with. */
export function announceServer(facts: ServerFacts): { withdraw(): void } {
  const folder = registryFolder();
  if (folder === null) return { withdraw: () => undefined };
  const file = join(folder, `${process.pid}.json`);
  try {
    writeFileSync(file, `${JSON.stringify({ ...identify(process.pid), ...facts })}\n`, { mode: 0o600 });
  } catch {
    return { withdraw: () => undefined };
  }
  return { withdraw: () => rmSync(file, { force: true }) };
}

/** By node id, then pid. Files of those that are gone are removed. */
export function runningServers(): RunningServer[] {
  const folder = registryFolder();
  if (folder === null) return [];
  const servers: RunningServer[] = [];
  for (const name of readdirSync(folder).slice(0, SERVERS_MAX)) {
    const server = readServer(join(folder, name));
    if (server !== null && isRunning(server)) servers.push(server);
    else rmSync(join(folder, name), { force: true });
  }
  return servers.sort((a, b) => a.nodeId - b.nodeId || a.pid - b.pid);
}

function readServer(file: string): RunningServer | null {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<RunningServer>;
    const { pid, start = null, nodeId, roles, config } = value;
    if (!Number.isSafeInteger(pid) || (pid as number) <= 1 || !Number.isSafeInteger(nodeId)) return null;
    if (!Array.isArray(roles) || typeof config !== 'string') return null;
    return { pid: pid as number, start, nodeId: nodeId as number, roles, config };
  } catch {
    return null;
  }
}
