/** Real files in a temporary directory, with a mirror: what is left of them after a power loss. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { FileError, type OpenFile } from '../runtime.ts';
import { DiskMirror } from './disk-mirror.ts';
import { RealFiles } from './real-files.ts';

let directory = '';
let lives = 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mirror-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

interface Life {
  readonly data: string;
  readonly mirror: DiskMirror;
  readonly files: RealFiles;
}

function boot(seed: number, data = join(directory, String(lives++))): Life {
  mkdirSync(data, { recursive: true });
  const mirror = new DiskMirror(data, randomStream(seed, 'disk', 'n1'));
  return { data, mirror, files: new RealFiles(data, mirror) };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Every file of a directory with its content, every folder with null. */
function realTree(data: string): Record<string, string | null> {
  const tree: Record<string, string | null> = {};
  for (const entry of readdirSync(data, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    tree[path.slice(data.length + 1)] = entry.isDirectory() ? null : readFileSync(path, 'latin1');
  }
  return tree;
}

function mirrorTree({ disk }: DiskMirror): Record<string, string | null> {
  return Object.fromEntries(
    disk
      .walk()
      .map(([path, content]) => [
        path,
        content === null ? null : Buffer.from(content.read(0, content.length)).toString('latin1'),
      ]),
  );
}

async function put(files: RealFiles, path: string, text: string): Promise<OpenFile> {
  const file = await files.open(path, { create: true });
  await file.append(bytes(text));
  return file;
}

/** What is left of a file after each of so many power losses; null: the file is gone. */
async function leftovers(live: (life: Life) => Promise<void>, path: string, seeds = 60) {
  const seen = new Set<string | null>();
  for (let seed = 0; seed < seeds; seed++) {
    const life = boot(seed);
    await live(life);
    life.files.freeze();
    await life.files.losePower();
    expect(realTree(life.data)).toEqual(mirrorTree(life.mirror));
    await life.files.close();
    const place = join(life.data, path);
    seen.add(existsSync(place) ? readFileSync(place, 'utf8') : null);
  }
  return seen;
}

describe('a power loss of real files', () => {
  it('keeps what was synced', async () => {
    const live = async ({ files }: Life): Promise<void> => {
      await (await put(files, 'a', 'synced')).sync();
      await files.syncDirectory('');
    };
    expect(await leftovers(live, 'a')).toEqual(new Set(['synced']));
  });

  it('takes what was not, wholly or in part', async () => {
    const live = async ({ files }: Life): Promise<void> => {
      const file = await put(files, 'a', 'synced');
      await file.sync();
      await files.syncDirectory('');
      await file.append(bytes('|lost'));
    };
    const seen = await leftovers(live, 'a');
    expect(seen).toContain('synced');
    expect(seen).toContain('synced|lost');
    for (const text of seen) expect('synced|lost\0\0\0\0\0'.startsWith(text?.slice(0, 6) ?? '?')).toBe(true);
  });

  it('takes the name of a file whose directory was not synced', async () => {
    const live = async ({ files }: Life): Promise<void> => (await put(files, 'a', 'x')).sync();
    expect(await leftovers(live, 'a')).toEqual(new Set([null, 'x']));
  });

  it('undoes a rename and brings back what it replaced', async () => {
    const live = async ({ files }: Life): Promise<void> => {
      await (await put(files, 'state', 'old')).sync();
      await files.syncDirectory('');
      await (await put(files, 'state.new', 'new')).sync();
      await files.rename('state.new', 'state');
    };
    expect(await leftovers(live, 'state')).toEqual(new Set(['old', 'new']));
  });

  it('brings back removed files and folders', async () => {
    const live = async ({ files }: Life): Promise<void> => {
      await files.makeDirectory('d');
      await (await put(files, 'd/a', 'x')).sync();
      await files.syncDirectory('d');
      await files.syncDirectory('');
      await files.remove('d/a');
      await files.remove('d');
      await put(files, 'd', 'a file now');
    };
    const seen = await leftovers(async (life) => live(life), 'd/a');
    expect(seen).toEqual(new Set([null, 'x']));
  });

  it('counts an fsync that is under way as not done, and waits for what is', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { data, files, mirror } = boot(seed);
      const file = await files.open('a', { create: true });
      await files.syncDirectory('');
      void file.append(bytes('x')).then(() => expect.unreachable());
      void file.sync().then(() => expect.unreachable());
      await new Promise((resolve) => setImmediate(resolve));
      files.freeze();
      void file.append(bytes('never')).then(() => expect.unreachable());
      await files.losePower();
      expect(realTree(data)).toEqual(mirrorTree(mirror));
      expect(['', 'x', '\0']).toContain(readFileSync(join(data, 'a'), 'utf8'));
      await files.close();
    }
  });

  it('takes all that it finds for durable, and leaves what it does not know alone', async () => {
    const data = join(directory, 'old');
    mkdirSync(join(data, 'd'), { recursive: true });
    writeFileSync(join(data, 'd/old'), 'old');
    const { files } = boot(3, data);
    const file = await files.open('d/old');
    await file.append(bytes(' and new'));
    writeFileSync(join(data, 'd/of-others'), 'untouched');
    files.freeze();
    await files.losePower();
    expect(readFileSync(join(data, 'd/old'), 'utf8')).toMatch(/^old/);
    expect(readFileSync(join(data, 'd/of-others'), 'utf8')).toBe('untouched');
    await files.close();
  });

  it('cannot be done without a mirror', async () => {
    const files = new RealFiles(directory);
    files.freeze();
    await expect(files.losePower()).rejects.toThrow('nobody has kept');
  });

  it('leaves what the model says, after anything a node may do', async () => {
    const path = fc.constantFrom('a', 'b', 'd', 'd/a', 'd/b', 'e/a', 'e');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('append' as const), path, byte: fc.nat(255) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), path, at: fc.nat(1200) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), path, at: fc.nat(1200) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('sync' as const), path }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('sync-directory' as const), path }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('make-directory' as const), path }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), path }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), path, to: path }) },
    );
    const isTogether = fc.boolean();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(step, { maxLength: 40 }),
        isTogether,
        async (seed, steps, together) => {
          const { data, files, mirror } = boot(seed);
          const open = async (name: string, use: (file: OpenFile) => Promise<void>): Promise<void> => {
            const file = await files.open(name, { create: true });
            await use(file);
            await file.close();
          };
          const doStep = (what: (typeof steps)[number]): Promise<void> => {
            switch (what.do) {
              case 'append':
                return open(what.path, (file) => file.append(new Uint8Array(700).fill(what.byte)));
              case 'write':
                return open(what.path, (file) => file.write(what.at, bytes('written')));
              case 'truncate':
                return open(what.path, (file) => file.truncate(what.at));
              case 'sync':
                return open(what.path, (file) => file.sync());
              case 'sync-directory':
                return files.syncDirectory(what.path.includes('/') ? what.path.slice(0, 1) : '');
              case 'make-directory':
                return files.makeDirectory(what.path);
              case 'remove':
                return files.remove(what.path);
              case 'rename':
                return files.rename(what.path, what.to);
            }
          };
          const attempt = async (what: (typeof steps)[number]): Promise<void> => {
            try {
              await doStep(what);
            } catch (error) {
              if (!(error instanceof FileError)) throw error;
            }
          };
          if (together) {
            void Promise.all(steps.map(attempt));
            await new Promise((resolve) => setTimeout(resolve, seed % 4));
          } else {
            for (const what of steps) await attempt(what);
            expect(realTree(data)).toEqual(mirrorTree(mirror)); // it is a mirror
          }
          files.freeze();
          await files.losePower();
          expect(realTree(data)).toEqual(mirrorTree(mirror));
          await files.close();
        },
      ),
      { numRuns: 150 },
    );
  });
});
