/**
 * Why a module of the user's could not be imported, in one line with the place:
 *
 *     Expression expected (shake/kv-system.ts:12)
 *     it throws "connect is not defined" (shake/kv-client.ts:3)
 *     it imports ./kv-clinet.ts, which does not exist
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../../errors.ts';
import { shortPath } from './short-path.ts';

export async function explainImport(error: unknown, path: string): Promise<string> {
  // What a definition's own field says needs no place.
  if (error instanceof HarnessError) return error.message;
  if (!(error instanceof Error)) return `it throws ${JSON.stringify(error) ?? String(error)}`;
  const { code } = error as { readonly code?: unknown };
  const message = error.message.split('\n')[0] ?? '';
  if (code === 'ERR_MODULE_NOT_FOUND') return missingModule(message);
  if (error instanceof SyntaxError) {
    const place = headOf(error) ?? (await placeOfSyntaxError(path));
    return place === undefined ? message : `${message} (${place})`;
  }
  const place = placeInStack(error);
  return `it throws "${message}"${place === undefined ? '' : ` (${place})`}`;
}

/** `Cannot find module '/…/nowhere.ts' imported from /…/kv.ts`, shorter. */
function missingModule(message: string): string {
  const found = /^Cannot find (module|package) '(.+)' imported from (.+)$/.exec(message);
  if (found === null) return message;
  const [, kind, what = '', importer = ''] = found;
  const from = shortPath(importer.startsWith('file:') ? fileURLToPath(importer) : importer);
  return kind === 'package'
    ? `${from} imports the package ${what}, which is not installed`
    : `${from} imports ${shortPath(what)}, which does not exist`;
}

/** Node.js begins the stack of a syntax error with `/path/kv.ts:12`, where it knows the place. */
function headOf(error: Error): string | undefined {
  const found = /^(.+):(\d+)$/.exec(error.stack?.split('\n')[0] ?? '');
  return found === null ? undefined : placeOf(found[1] ?? '', found[2] ?? '');
}

function placeInStack(error: Error): string | undefined {
  for (const line of error.stack?.split('\n').slice(1) ?? []) {
    const found = /\(?((?:file:\/\/)?\/[^()]+|[A-Za-z]:\\[^()]+):(\d+):\d+\)?$/.exec(line);
    if (found !== null) return placeOf(found[1]?.replace(/^\s*at (async )?/, '') ?? '', found[2] ?? '');
  }
  return undefined;
}

function placeOf(file: string, line: string): string | undefined {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file;
  return existsSync(path) ? `${shortPath(path)}:${line}` : undefined;
}

interface BundlerMessage {
  readonly location: { readonly file: string; readonly line: number } | null;
}

/** Of plain JavaScript Node.js does not say where: the bundler does. */
async function placeOfSyntaxError(path: string): Promise<string | undefined> {
  const { build } = await import('esbuild');
  try {
    await build({
      entryPoints: [path],
      bundle: true,
      write: false,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
    return undefined;
  } catch (error) {
    const [first] = (error as { readonly errors?: readonly BundlerMessage[] }).errors ?? [];
    if (first?.location === null || first === undefined) return undefined;
    return `${shortPath(first.location.file)}:${first.location.line}`;
  }
}
