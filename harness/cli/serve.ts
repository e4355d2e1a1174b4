/** `shaketable serve`: all runs in a browser. Loaded when it is asked for: a server is nothing that other commands need. */
import { type Command, Option } from 'commander';
import { EXIT, HarnessError } from '../errors.ts';
import type { CommandContext } from './command-context.ts';
import { interruptOnSignal } from './interrupt.ts';
import { parseNumber } from './numbers.ts';
import type { Output } from './output.ts';
import { collect } from './settings.ts';

interface Options {
  readonly host: string;
  readonly port: string;
  readonly allowHost: readonly string[];
}

export const RESULTS_FOLDER = 'results';
const DEFAULT_PORT = '7420';
const PORT_MAX = 65_535;

const EXAMPLES = `
Examples:
  shaketable serve                          all runs and sweeps below results/
  shaketable serve ../nightly --port 0      those of another folder, on any port that is free
  shaketable serve --host 0.0.0.0           for others, too: there is no password

It shows, and changes nothing but its index (\`shaketable index\`). Ctrl-C ends it.
Exit codes: 0 it was ended, 64 usage error, 70 the harness itself failed.`;

export function addServeCommand(program: Command, { output, finish }: CommandContext): void {
  program
    .command('serve')
    .description('browse all runs: filter, trends, compare, download, and watch what runs now')
    .argument('[folder]', 'with results, at any depth', RESULTS_FOLDER)
    .addOption(
      new Option('--host <address>', 'where to listen: only this machine, unless told').default(
        '127.0.0.1',
        '127.0.0.1',
      ),
    )
    .addOption(new Option('--port <number>', '0: any that is free').default(DEFAULT_PORT, DEFAULT_PORT))
    .addOption(
      new Option('--allow-host <name>', 'another name that browsers call it by; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string, options: Options) => {
      await serve(folder, options, output);
      finish(EXIT.valid);
    });
}

async function serve(folder: string, { host, port, allowHost }: Options, output: Output): Promise<void> {
  const { counted, startServer, isLoopback } = await import('../../results/serve/index.ts');
  const { reportMaker } = await import('./report-maker.ts');
  if (host === '') throw new HarnessError('usage', '--host "": wants an address, such as 127.0.0.1');
  const interrupt = interruptOnSignal(output, 'ending the server');
  const server = await startServer({
    folder,
    host,
    port: parseNumber('--port', port, { integer: true, max: PORT_MAX }),
    names: allowHost,
    makeReport: reportMaker(),
    onProblem: (sentence) => output.note(`shaketable: ${sentence}`),
    onProgress: (looked) => output.live(`  looking at ${folder}: ${looked} runs`),
  });
  const { runs, sweeps, read } = server.indexed;
  if (server.note !== null) output.note(server.note);
  if (!isLoopback(host)) {
    output.note(`warning: whoever reaches ${host} on this network can see all of it: there is no password`);
  }
  output.note(
    `${counted(runs, 'run')} and ${counted(sweeps, 'sweep')} in ${folder}, ${read} of them read anew; Ctrl-C ends this`,
  );
  output.print(server.address);
  await new Promise<void>((resolve) => {
    if (interrupt.requested) resolve();
    else interrupt.onRequest(resolve);
  });
  await server.close();
  await interrupt.settle();
  interrupt.letSignalsEnd();
}
