/**
 * The files of this machine that an image is assembled from, without a registry: Node.js, a shell, the firewall tools, and the
 * libraries that the loader says they need.
 *
 *     const { entries, missing } = await machineFiles();    // missing: ['tc (Debian package iproute2)']
 *
 * Each file keeps its path, and the links that lead to it (`/bin` → `usr/bin`, alternatives) are kept as links. Only for Linux.
 */
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { HarnessError } from '../../../errors.ts';
import type { TarEntry } from '../tar.ts';
import { IMAGE_PATH, NODE_PATH, PACKAGE_OF, TOOLS } from './recipe.ts';

const run = promisify(execFile);

/** Loaded by name at run time, hence unknown to `ldd`; needed where libc does not have them in itself (glibc before 2.34). */
const NAME_SERVICES = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/** Matches and targets of the rules that are written here; iptables has more than a hundred. */
const IPTABLES_PLUGINS = ['libxt_standard.so', 'libxt_statistic.so', 'libxt_tcp.so', 'libxt_length.so'];

const FAKETIME_PATTERNS = ['faketime/libfaketime.so.1', 'faketime/libfaketimeMT.so.1'];

const TEXTS: Readonly<Record<string, string>> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
  'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
};

export interface MachineFiles {
  readonly entries: TarEntry[];
  /** Tools that would be of use, for people. */
  readonly missing: readonly string[];
}

/** @throws HarnessError `usage` when a needed tool is not installed here */
export async function machineFiles(): Promise<MachineFiles> {
  const tools = [...TOOLS.required, ...TOOLS.optional].map((name) => ({ name, path: findTool(name) }));
  const absent = tools.filter(({ path }) => path === undefined).map(({ name }) => name);
  const needed = absent.filter((name) => (TOOLS.required as readonly string[]).includes(name));
  if (needed.length > 0) {
    throw new HarnessError(
      'usage',
      `this machine lacks what the image needs: ${needed.map(describeTool).join(', ')}; install it, or use --base IMAGE`,
    );
  }
  const programs = tools.flatMap(({ path }) => path ?? []);
  const plugins = pluginsOf(await librariesOf([findTool('iptables') ?? '']));
  const libraries = await librariesOf([process.execPath, ...programs, ...plugins]);
  const folders = new Set(libraries.map((path) => dirname(realpathSync(path))));
  const beside = (names: readonly string[]): string[] =>
    [...folders].flatMap((folder) =>
      names.map((name) => join(folder, name)).filter((path) => existsSync(path)),
    );
  const tree = new Tree();
  for (const path of [
    ...programs,
    ...plugins,
    ...libraries,
    ...beside([...NAME_SERVICES, ...FAKETIME_PATTERNS]),
  ]) {
    tree.add(path);
  }
  tree.addFile(NODE_PATH.slice(1), readFileSync(process.execPath), 0o755);
  for (const [path, text] of Object.entries(TEXTS)) tree.addFile(path, Buffer.from(text), 0o644);
  for (const path of ['run', 'root', 'proc', 'sys', 'dev', 'var']) tree.addFolder(path);
  tree.addFolder('tmp', 0o1777);
  return { entries: tree.entries, missing: absent.map(describeTool) };
}

function describeTool(name: string): string {
  const debianPackage = PACKAGE_OF[name];
  return debianPackage === undefined ? name : `${name} (Debian package ${debianPackage})`;
}

/** Also where users have no path to the tools of root. */
function findTool(name: string): string | undefined {
  const folders = [...IMAGE_PATH.split(':'), ...(process.env['PATH'] ?? '').split(':')];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Matches and targets of iptables are libraries that it loads by name, from a folder beside its own. */
function pluginsOf(libraries: readonly string[]): string[] {
  const own = libraries.find((path) => basename(path).startsWith('libxtables.'));
  const folders = [
    process.env['XTABLES_LIBDIR'],
    ...(own === undefined
      ? []
      : [join(dirname(realpathSync(own)), 'xtables'), join(dirname(own), 'xtables')]),
    '/usr/lib/xtables',
  ];
  const folder = folders.find((path) => path !== undefined && existsSync(path));
  if (folder === undefined) return [];
  return IPTABLES_PLUGINS.map((name) => join(folder, name)).filter((path) => existsSync(path));
}

/** What the loader would load, itself included, of lines as `libc.so.6 => /lib/libc.so.6 (0x…)`, `/lib64/ld-linux-x86-64.so.2 (0x…)`. */
async function librariesOf(programs: readonly string[]): Promise<string[]> {
  let output: string;
  try {
    output = (await run('ldd', [...programs])).stdout;
  } catch (thrown) {
    // Scripts and programs without libraries make it fail, and it goes on with the next one.
    output = (thrown as { stdout?: string }).stdout ?? '';
  }
  return [...new Set(librariesIn(output))];
}

export function librariesIn(lddOutput: string): string[] {
  return [...lddOutput.matchAll(/(?:^\s*|=> )(\/\S+) \(0x/gm)].flatMap(([, path]) => path ?? []);
}

/** Entries in an order in which they can be unpacked, each once, with the links and folders that lead to a file. */
class Tree {
  readonly entries: TarEntry[] = [];
  readonly #known = new Set<string>();

  add(path: string): void {
    const real = this.#walk(resolve(path));
    if (this.#known.has(real)) return;
    this.addFile(real.slice(1), readFileSync(real), statSync(real).mode & 0o777);
  }

  /** Adds what leads to it, and returns the path without links. */
  #walk(path: string): string {
    let real = '/';
    const parts = path.split('/').filter((part) => part !== '');
    for (const [i, part] of parts.entries()) {
      const here = join(real, part);
      const status = lstatSync(here);
      if (status.isSymbolicLink()) {
        const target = readlinkSync(here);
        if (!this.#known.has(here)) this.entries.push({ kind: 'link', path: here.slice(1), target });
        this.#known.add(here);
        return this.#walk(join(resolve(real, target), ...parts.slice(i + 1)));
      }
      if (i < parts.length - 1) this.addFolder(here.slice(1));
      real = here;
    }
    return real;
  }

  addFolder(path: string, mode = 0o755): void {
    if (this.#known.has(`/${path}`)) return;
    this.#known.add(`/${path}`);
    this.entries.push({ kind: 'folder', path, mode });
  }

  addFile(path: string, content: Buffer, mode: number): void {
    for (const [i] of [...path.matchAll(/\//g)].entries()) {
      this.addFolder(
        path
          .split('/')
          .slice(0, i + 1)
          .join('/'),
      );
    }
    this.#known.add(`/${path}`);
    this.entries.push({ kind: 'file', path, content, mode });
  }
}
