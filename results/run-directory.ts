/**
 * A run directory: everything that one execution left behind, readable by a later release (docs/results.md
 * lists the files). This module only knows where things are and how to read and write them whole; what is in
 * them is said by the format of each.
 *
 *     const directory = RunDirectory.create('results/runs', {system: 'raft', workload: 'register', seed: 7, startedAt});
 *     directory.writeJson('test.json', test);
 *     const history = directory.lines('history.jsonl');
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HarnessError, messageOf } from '../harness/errors.ts';
import { LineFile, type LineFileOptions } from './line-file.ts';

/** How many runs of one seed may start in one second before we give up on finding a free name. */
const MAX_NAME_ATTEMPTS = 1000;

export interface RunIdentity {
  readonly system: string;
  readonly workload: string;
  readonly seed: number;
  readonly startedAt: Date;
}

export class RunDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes `<root>/<system>-<workload>/<UTC time>-<seed>/`; a taken name gets a suffix `-2`, `-3`, … */
  static create(root: string, run: RunIdentity): RunDirectory {
    const time = timeInName(run.startedAt);
    const parent = join(root, `${run.system}-${run.workload}`);
    try {
      makeFolder(parent);
      for (let attempt = 1; attempt <= MAX_NAME_ATTEMPTS; attempt++) {
        const path = join(parent, `${time}-${run.seed}${attempt === 1 ? '' : `-${attempt}`}`);
        // Another process may take the name at the same moment.
        if (makeNew(path)) return new RunDirectory(path);
      }
    } catch (error) {
      const reason = messageOf(error);
      throw new HarnessError(
        'io',
        `cannot write results to ${root}: ${reason}; choose another with --results DIR`,
        {
          cause: error,
        },
      );
    }
    throw new HarnessError(
      'io',
      `${parent} already holds ${MAX_NAME_ATTEMPTS} runs named ${time}-${run.seed}`,
    );
  }

  /** @throws HarnessError `usage` when there is no run at `path` */
  static open(path: string): RunDirectory {
    if (!RunDirectory.isRun(path)) {
      throw new HarnessError('usage', `${path} is no run directory: it has no test.json`);
    }
    return new RunDirectory(path);
  }

  static isRun(path: string): boolean {
    return existsSync(join(path, 'test.json'));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  /** A new file that grows. */
  lines(name: string, options?: LineFileOptions): LineFile {
    const path = this.file(name);
    try {
      makeFolder(dirname(path));
    } catch (error) {
      throw HarnessError.from(error, 'io', `cannot create ${path}`);
    }
    return new LineFile(path, options);
  }

  read(name: string): Buffer {
    return readInput(this.file(name));
  }

  writeJson(name: string, value: unknown): void {
    this.write(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Whole or not at all: written beside and renamed. */
  write(name: string, content: string | Uint8Array): void {
    writeWhole(this.file(name), content);
  }
}

/** @returns false where there is something already */
function makeNew(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** 2026-11-21T20:51:03.123Z → 20261121T205103Z: sorts by time, and has no colon for file systems that refuse one. */
export function timeInName(time: Date): string {
  return time.toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
}

/** Whole or not at all, with the folders that it needs. @throws HarnessError `io` */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.partial`;
  try {
    makeFolder(dirname(path));
    try {
      writeFileSync(temporary, content);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  } catch (error) {
    throw HarnessError.from(error, 'io', `cannot write ${path}`);
  }
}

/** Like `mkdir -p`. Node.js's own `recursive` never returns for a folder in /proc, where nothing can be made. */
export function makeFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found !== undefined) throw new Error(`${path} is no folder`);
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    // Another run may have made it in the meantime.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

/** Reads a file that the user named; one clear line when it is not there, is a folder, or may not be read. */
export function readInput(path: string): Buffer {
  try {
    if (statSync(path).isDirectory()) {
      throw new HarnessError(
        'usage',
        `${path} is a folder, and no run directory: it has no test.json (name the runs in it, one by one)`,
      );
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const reason =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `${path} does not exist`
        : code === 'EACCES'
          ? `${path} may not be read: permission denied`
          : HarnessError.from(error).message;
    throw new HarnessError('usage', reason, { cause: error });
  }
}
