/** `kraft server-stop`: ends servers of this machine in good order: that of a file, or all of this user's. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { dataDirectory, readConfiguration } from './configuration.ts';
import { EXIT, machineError, usageError } from './exit-codes.ts';
import { collect } from './numbers.ts';
import type { CommandContext } from './output.ts';
import { isRunning } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';
import { runningServers } from './running-servers.ts';
import { lockHolder } from './server-lock.ts';

const EXAMPLES = `
Examples:
  kraft server-stop                          all servers of this user on this machine
  kraft server-stop server.properties        the one that was started with this file
  kraft server-stop --node-id 2
  kraft server-stop --process-role controller

It waits until they have stopped. A broker first hands over what it leads.`;

const WAIT_STEP_MS = 50;
const TIMEOUT_S = '60';

interface Options {
  readonly nodeId?: string;
  readonly processRole?: string;
  readonly override: readonly string[];
  readonly timeout: string;
}

type Stopping = ProcessIdentity & { readonly nodeId: number };

export function addServerStopCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('server-stop')
    .description('stop servers of this machine')
    .argument('[server.properties]', 'what the server was started with; default: all servers of this user')
    .option('--node-id <id>', 'only the server with this id')
    .option('--process-role <role>', 'only brokers, or only controllers')
    .option('--override <key=value>', 'as the server was started; may be repeated', collect, [])
    .option('--timeout <seconds>', 'how long it may take', TIMEOUT_S)
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(async (config: string | undefined, options: Options) => {
      const timeoutMs = Number(options.timeout) * 1_000;
      if (!(timeoutMs > 0)) throw usageError(`--timeout is a number of seconds, not "${options.timeout}"`);
      const servers = config === undefined ? serversOf(options) : serverOf(config, options);
      if (servers.length === 0) {
        output.note('No kafka server to stop');
        finish(EXIT.invalid);
        return;
      }
      for (const { pid } of servers) signal(pid);
      const stopped = await Promise.all(servers.map((server) => untilGone(server, timeoutMs)));
      servers.forEach(({ nodeId, pid }, i) => {
        if (stopped[i] === true) output.print(`Stopped node ${nodeId} (pid ${pid})`);
      });
      const left = servers.filter((_, i) => stopped[i] === false);
      if (left.length > 0) {
        const who = left.map(({ nodeId, pid }) => `node ${nodeId} (pid ${pid})`).join(', ');
        throw machineError(
          `still running after ${options.timeout} s: ${who}; kill -9 PID ends what does not stop`,
        );
      }
    });
}

function serversOf({ nodeId, processRole }: Options): Stopping[] {
  if (nodeId !== undefined && !/^\d+$/.test(nodeId)) {
    throw usageError(`--node-id is a number, not "${nodeId}"`);
  }
  if (processRole !== undefined && processRole !== 'broker' && processRole !== 'controller') {
    throw usageError(`--process-role is broker or controller, not "${processRole}"`);
  }
  return runningServers().filter(
    (server) =>
      (nodeId === undefined || server.nodeId === Number(nodeId)) &&
      (processRole === undefined || server.roles.includes(processRole)),
  );
}

function serverOf(config: string, { nodeId, processRole, override }: Options): Stopping[] {
  if (nodeId !== undefined || processRole !== undefined) {
    throw usageError('a file names one server: --node-id and --process-role are for all of them');
  }
  const values = readConfiguration(config, override, () => undefined);
  const holder = lockHolder(dataDirectory(values, config));
  return holder === null ? [] : [{ ...holder, nodeId: values['node.id'] }];
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return; // it has ended meanwhile
    throw machineError(`pid ${pid} cannot be stopped: ${message}`);
  }
}

async function untilGone(server: Stopping, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(server)) {
    if (performance.now() > deadline) return false;
    await delay(WAIT_STEP_MS);
  }
  return true;
}
