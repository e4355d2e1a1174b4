/** Commands that do a run again. */
import type { TestDefinition } from '../run/test-definition.ts';

const REPLAY = 'npx shaketable replay ';

/** Whether `command` does a saved run again, and not another one like it. */
export const isReplayCommand = (command: string): boolean => command.startsWith(REPLAY);

/** The command that does a saved run again, to be copied into a shell. */
export function replayCommand(path: string): string {
  return `${REPLAY}${quote(path)}`;
}

/**
 * How a run is done again: a simulated one exactly, one in real time with the same faults and operations at about the same times.
 */
export function againCommand(
  { cluster, commandLine, seed }: Pick<TestDefinition, 'cluster' | 'commandLine' | 'seed'>,
  path: string,
): { readonly replayCommand: string; readonly replaysExactly: boolean } {
  if (cluster === 'sim') return { replayCommand: replayCommand(path), replaysExactly: true };
  const words = commandLine.replace(/ --(seed|count)[ =]\S+/g, '').replace(/ --keep-going/g, '');
  return { replayCommand: `npx ${words} --seed ${seed}`, replaysExactly: false };
}

/** This command line as a shell would take it. */
export function ownCommandLine(): string {
  return ['shaketable', ...process.argv.slice(2)].map(quote).join(' ');
}

/** Plain when no shell could misread it. */
export function quote(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
