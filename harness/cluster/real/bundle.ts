/**
 * Code for a node's process, as one file: what starts a node of ours, or the server that a user wrote, with all that it imports.
 *
 *     await bundleProgram({ modulePath: '/…/systems/raft/index.ts', systemName: 'raft', aliases: {} })
 *
 * One file is handed to child processes and into containers alike, and made anew for each run: so no node can run
 * code of yesterday, and an image holds none at all.
 */
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError, messageOf } from '../../errors.ts';

export interface ProgramSource {
  /** The module that exports the system, or a configuration with it among its `systems`. Absolute. */
  readonly modulePath: string;
  readonly systemName: string;
  /** Names of packages that stand for a file: `shaketable` for our own. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** What packages of the older module system expect to be there. */
const REQUIRE = `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);`;

/** Beside this file in a checkout and in the built package, where names end otherwise. */
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const NODE_HOST = fileURLToPath(
  new URL(`../../../systems/runtime/real/node-host${extension}`, import.meta.url),
);

/** @throws HarnessError `usage` with the first mistake that the bundler found, in one line */
export function bundleProgram({ modulePath, systemName, aliases }: ProgramSource): Promise<string> {
  const contents = `
    import { startNodeHost } from ${JSON.stringify(NODE_HOST)};
    import * as exported from ${JSON.stringify(modulePath)};
    const candidates = Object.values(exported).flatMap((value) => [value, ...(value?.systems ?? [])]);
    const system = candidates.find((value) => value?.name === ${JSON.stringify(systemName)} && value.program);
    startNodeHost(system.program);`;
  return bundle({ contents }, modulePath, aliases);
}

/** A file that Node.js is to run, an absolute path. */
export function bundleEntry(path: string, aliases: Readonly<Record<string, string>> = {}): Promise<string> {
  if (!isAbsolute(path)) {
    throw new HarnessError(
      'usage',
      `the entry of a server is an absolute path, and ${path} is none: use join(import.meta.dirname, '${path}')`,
    );
  }
  return bundle({ contents: `import ${JSON.stringify(path)};` }, path, aliases);
}

async function bundle(
  { contents }: { readonly contents: string },
  path: string,
  aliases: Readonly<Record<string, string>>,
): Promise<string> {
  const { build } = await import('esbuild');
  try {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)), sourcefile: 'node.js' },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      keepNames: true,
      alias: { ...aliases },
      banner: { js: REQUIRE },
      logLevel: 'silent',
    });
    return outputFiles[0]?.text ?? '';
  } catch (error) {
    throw new HarnessError('usage', `cannot bundle ${path} for its node: ${firstMistake(error)}`, {
      cause: error,
    });
  }
}

interface BundlerMessage {
  readonly text: string;
  readonly location: { readonly file: string; readonly line: number } | null;
}

function firstMistake(error: unknown): string {
  const [first] = (error as { readonly errors?: readonly BundlerMessage[] }).errors ?? [];
  if (first === undefined) return messageOf(error);
  const { text, location } = first;
  return location === null ? text : `${text} (${location.file}:${location.line})`;
}
