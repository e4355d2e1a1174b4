/** `kraft server-start`: runs a node, in front or as a daemon. */
import type { Command } from 'commander';
import { HarnessError } from '../../../harness/errors.ts';
import { isDaemon, reportToStarter, startDaemon } from './daemon.ts';
import { EXIT, machineError } from './exit-codes.ts';
import { collect } from './numbers.ts';
import type { CommandContext } from './output.ts';
import { planServer, runServer } from './run-server.ts';

const EXAMPLES = `
Examples:
  kraft server-start server.properties                       until Ctrl-C
  kraft server-start -daemon server.properties               in the background; its log is in logs/
  kraft server-start server.properties --override node.id=2 --override log.dirs=/tmp/kraft-2

A directory has to be formatted first: kraft storage format --help
Examples of server.properties: examples/kraft/`;

interface Options {
  readonly daemon: boolean;
  readonly override: readonly string[];
  readonly bug: readonly string[];
}

export function addServerStartCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('server-start')
    .description('run a broker, a controller, or both in one')
    .argument('<server.properties>', 'what it is and where it listens')
    .option('-d, --daemon', 'run in the background (-daemon, as Kafka’s script takes it)', false)
    .option('--override <key=value>', 'a property instead of the file’s; may be repeated', collect, [])
    .option('--bug <name>', 'run with this bug of docs/bugs-kraft.md; may be repeated', collect, [])
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .action(async (config: string, { daemon, override, bug }: Options) => {
      if (!daemon) {
        finish(await inFront(config, override, bug));
        return;
      }
      const { values, warnings } = planServer(config, override);
      for (const warning of warnings) output.note(`kraft: ${warning}`);
      const repeated = (name: string, items: readonly string[]): string[] =>
        items.flatMap((item) => [name, item]);
      const args = ['server-start', config, ...repeated('--override', override), ...repeated('--bug', bug)];
      const nodeId = values['node.id'];
      const { pid, logFile, failure, isCertain } = await startDaemon(args, nodeId);
      if (failure !== null) {
        output.note(`kraft: ${failure.message}; its log is ${logFile}`);
        finish(failure.exitCode);
      } else if (!isCertain) {
        throw machineError(
          `node ${nodeId} (pid ${pid}) has not said yet that it runs; its log is ${logFile}`,
        );
      } else {
        output.print(`Started node ${nodeId} in the background (pid ${pid}); its log is ${logFile}`);
      }
    });
}

async function inFront(
  config: string,
  overrides: readonly string[],
  bugs: readonly string[],
): Promise<number> {
  try {
    return await runServer({
      config,
      overrides,
      bugs,
      onStarted: () => void reportToStarter({ kind: 'started' }),
      onCrash: (message) => void reportToStarter({ kind: 'failed', message, exitCode: EXIT.harness }),
    });
  } catch (thrown) {
    const { message, exitCode } = HarnessError.from(thrown);
    if (isDaemon()) await reportToStarter({ kind: 'failed', message, exitCode });
    throw thrown;
  }
}
