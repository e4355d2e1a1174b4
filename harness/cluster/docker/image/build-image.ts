/**
 * Makes our own image: on an official base whose packages come from the network, or from the files of this machine, which needs
 * no network at all.
 *
 *     const image = await ensureImage(engine, { progress });        // for runs: what is there, else what can be had
 *     await buildImage(engine, { base: null, tag, progress });      // `shaketable image build`
 */
import process from 'node:process';
import { Readable } from 'node:stream';
import { HarnessError } from '../../../errors.ts';
import type { Engine } from '../engine.ts';
import { engineError, messageOf, statusOf } from '../engine-error.ts';
import { writeTar } from '../tar.ts';
import { machineFiles } from './machine-files.ts';
import { dockerfile, imageTag, IMPORT_CHANGES, OFFICIAL_BASE } from './recipe.ts';

export interface BuildOptions {
  /** Null: the files of this machine. */
  readonly base: string | null;
  readonly tag: string;
  progress(line: string): void;
}

export interface BuiltImage {
  readonly tag: string;
  readonly id: string;
  readonly sizeBytes: number;
}

/** A registry that answers at all does so at once; then a small base is there in seconds. */
const PULL_MS = 15_000;

export async function buildImage(engine: Engine, options: BuildOptions): Promise<BuiltImage> {
  if (options.base === null) await importMachine(engine, options);
  else await buildOnBase(engine, options.base, options);
  const { Id: id, Size: sizeBytes } = await engine.docker.getImage(options.tag).inspect();
  return { tag: options.tag, id, sizeBytes };
}

/** The image of a run: the one that is there, else one that can be made, in one line that says how. */
export async function ensureImage(
  engine: Engine,
  { progress }: { progress(line: string): void },
): Promise<string> {
  const tag = imageTag();
  if (await hasImage(engine, tag)) return tag;
  if (await canPull(engine, OFFICIAL_BASE)) {
    progress(`building the image ${tag} on ${OFFICIAL_BASE}, once`);
    try {
      await buildImage(engine, { base: OFFICIAL_BASE, tag, progress });
      return tag;
    } catch (thrown) {
      const error = HarnessError.from(thrown, 'io');
      if (whyNotMachine(engine) !== null) throw error;
      progress(`${error.message}: from the files of this machine, then`);
    }
  }
  const reason = whyNotMachine(engine);
  if (reason !== null) {
    throw new HarnessError(
      'io',
      `there is no image to run nodes in: ${OFFICIAL_BASE} cannot be pulled, and ${reason}: shaketable image build --base IMAGE`,
    );
  }
  progress(
    `building the image ${tag} from the files of this machine (${OFFICIAL_BASE} cannot be pulled), once`,
  );
  await buildImage(engine, { base: null, tag, progress });
  return tag;
}

/** Null: they would run there. */
function whyNotMachine({ architecture }: Engine): string | null {
  if (process.platform !== 'linux') return 'the files of this machine are not those of a Linux';
  const own = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  if (architecture !== own) return `the engine runs on ${architecture}, this machine is ${own}`;
  return null;
}

async function importMachine(engine: Engine, { tag, progress }: BuildOptions): Promise<void> {
  const reason = whyNotMachine(engine);
  if (reason !== null) {
    throw new HarnessError('usage', `${reason}: use --base ${OFFICIAL_BASE}`);
  }
  const { entries, missing } = await machineFiles();
  if (missing.length > 0) progress(`without ${missing.join(', ')}: not installed here`);
  const { repository, version } = splitTag(tag);
  try {
    const answer = await engine.docker.importImage(Readable.from(writeTar(entries)), {
      repo: repository,
      tag: version,
      changes: IMPORT_CHANGES as unknown as string,
    });
    await follow(answer);
  } catch (thrown) {
    throw engineError(thrown, `cannot make the image ${tag}`);
  }
}

async function buildOnBase(engine: Engine, base: string, { tag, progress }: BuildOptions): Promise<void> {
  if (!(await hasImage(engine, base))) await pull(engine, base, progress);
  const context = writeTar([{ kind: 'file', path: 'Dockerfile', content: Buffer.from(dockerfile(base)) }]);
  try {
    await follow(await engine.docker.buildImage(Readable.from(context), { t: tag, forcerm: true }), progress);
  } catch (thrown) {
    throw engineError(thrown, `cannot make the image ${tag} on ${base}`);
  }
}

export async function hasImage({ docker }: Engine, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch (thrown) {
    if (statusOf(thrown) === 404) return false;
    throw engineError(thrown, `cannot look for the image ${name}`);
  }
}

/** @throws HarnessError `io` that names the image */
export async function pull(
  { docker }: Engine,
  name: string,
  progress: (line: string) => void,
  abortSignal?: AbortSignal,
): Promise<void> {
  progress(`pulling ${name}`);
  try {
    await follow(
      await docker.pull(name, { ...(abortSignal === undefined ? {} : { abortSignal }) }),
      undefined,
      abortSignal,
    );
  } catch (thrown) {
    throw new HarnessError(
      'io',
      `the image ${name} is not there and cannot be pulled: ${messageOf(thrown)}`,
      {
        cause: thrown,
      },
    );
  }
}

/** Whether it is there, or came within the time. Without a network the engine says no at once. */
async function canPull(engine: Engine, name: string): Promise<boolean> {
  if (await hasImage(engine, name)) return true;
  try {
    await pull(engine, name, () => undefined, AbortSignal.timeout(PULL_MS));
    return true;
  } catch {
    return false;
  }
}

/** To the end of what the engine tells of its work, line by line of JSON; a failure is one of the lines. */
async function follow(
  answer: NodeJS.ReadableStream,
  progress?: (line: string) => void,
  abortSignal?: AbortSignal,
): Promise<void> {
  const onAbort = (): void => void (answer as Readable).destroy(new Error('it takes too long'));
  abortSignal?.addEventListener('abort', onAbort, { once: true });
  try {
    let rest = '';
    for await (const chunk of answer) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) report(line, progress);
    }
    report(rest, progress);
  } finally {
    abortSignal?.removeEventListener('abort', onAbort);
  }
}

function report(line: string, progress?: (line: string) => void): void {
  if (line.trim() === '') return;
  const { error, stream } = JSON.parse(line) as { error?: string; stream?: string };
  if (error !== undefined) throw new Error(error);
  if (progress !== undefined && stream !== undefined && /^Step /.test(stream)) progress(stream.trim());
}

/** The part behind the last colon that is no port of a registry. */
function splitTag(tag: string): { repository: string; version: string } {
  const colon = tag.lastIndexOf(':');
  if (colon <= tag.lastIndexOf('/')) return { repository: tag, version: 'latest' };
  return { repository: tag.slice(0, colon), version: tag.slice(colon + 1) };
}
