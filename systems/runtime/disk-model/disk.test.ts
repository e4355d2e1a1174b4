import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../harness/random.ts';
import { Disk } from './disk.ts';

const text = (disk: Disk, path: string): string | null => {
  if (!disk.exists(path)) return null;
  const content = disk.open(path, false);
  return new TextDecoder().decode(content.read(0, content.length));
};

function put(disk: Disk, path: string, value: string): void {
  const content = disk.open(path, true);
  content.write(0, new TextEncoder().encode(value));
  content.sync();
}

/** What of a disk is left in each of so many power losses. */
function afterPowerLoss<T>(prepare: (disk: Disk) => void, look: (disk: Disk) => T, seeds = 200): Set<T> {
  const seen = new Set<T>();
  for (let seed = 0; seed < seeds; seed++) {
    const disk = new Disk(randomStream(seed, 'disk', 'n1'));
    prepare(disk);
    disk.losePower();
    seen.add(look(disk));
  }
  return seen;
}

describe('Disk', () => {
  it('may forget a file whose directory was not synced, though the file was', () => {
    const seen = afterPowerLoss(
      (disk) => put(disk, 'a', 'x'),
      (disk) => text(disk, 'a'),
    );
    expect(seen).toEqual(new Set([null, 'x']));
  });

  it('keeps a file for ever once both are synced', () => {
    const seen = afterPowerLoss(
      (disk) => {
        put(disk, 'a', 'x');
        disk.syncDirectory('');
      },
      (disk) => {
        for (let i = 0; i < 10; i++) disk.losePower();
        return text(disk, 'a');
      },
    );
    expect(seen).toEqual(new Set(['x']));
  });

  it('replaces atomically: after a power loss the target is the old or the new file', () => {
    const seen = afterPowerLoss(
      (disk) => {
        put(disk, 'state', 'old');
        disk.syncDirectory('');
        put(disk, 'state.new', 'new');
        disk.rename('state.new', 'state');
      },
      (disk) => `${text(disk, 'state')} ${disk.list('').length}`,
    );
    // The third: the new file had its name when the power went, but not yet that of the old one.
    expect(seen).toEqual(new Set(['old 1', 'new 1', 'old 2']));
  });

  it('may keep a rename and lose the content that was not synced before it', () => {
    const seen = afterPowerLoss(
      (disk) => {
        put(disk, 'state', 'old');
        disk.syncDirectory('');
        disk.open('state.new', true).write(0, new TextEncoder().encode('new'));
        disk.rename('state.new', 'state');
        disk.syncDirectory('');
      },
      (disk) => text(disk, 'state'),
    );
    expect(seen).toContain('');
    expect(seen).toContain('new');
    expect(seen).not.toContain('old');
  });

  it('may bring back what was removed', () => {
    const seen = afterPowerLoss(
      (disk) => {
        put(disk, 'a', 'x');
        disk.syncDirectory('');
        disk.remove('a');
      },
      (disk) => text(disk, 'a'),
    );
    expect(seen).toEqual(new Set([null, 'x']));
  });

  it('has directories in directories, each synced on its own', () => {
    const seen = afterPowerLoss(
      (disk) => {
        disk.makeDirectory('wal');
        disk.syncDirectory('');
        put(disk, 'wal/1', 'x');
        put(disk, 'wal/2', 'x');
      },
      (disk) => disk.list('wal').join(),
    );
    expect(seen).toEqual(new Set(['', '1', '1,2']));
  });

  it('says what is wrong as POSIX does', () => {
    const disk = new Disk(randomStream(1, 'disk', 'n1'));
    const code = (action: () => unknown): unknown => {
      try {
        action();
        return 'ok';
      } catch (error) {
        return (error as { code: unknown }).code;
      }
    };
    disk.makeDirectory('d');
    put(disk, 'd/f', 'x');
    expect(code(() => disk.open('none', false))).toBe('ENOENT');
    expect(code(() => disk.open('none/f', true))).toBe('ENOENT');
    expect(code(() => disk.open('d', true))).toBe('EINVAL');
    expect(code(() => disk.open('../f', true))).toBe('EINVAL');
    expect(code(() => disk.open('/f', true))).toBe('EINVAL');
    expect(code(() => disk.open('d/f/g', true))).toBe('EINVAL');
    expect(code(() => disk.makeDirectory('d'))).toBe('EEXIST');
    expect(code(() => disk.remove('d'))).toBe('EINVAL');
    expect(code(() => disk.remove('none'))).toBe('ENOENT');
    expect(code(() => disk.rename('none', 'x'))).toBe('ENOENT');
    expect(code(() => disk.rename('d', 'd/e'))).toBe('EINVAL');
    expect(code(() => disk.rename('d/f', 'd'))).toBe('EINVAL');
    expect(code(() => disk.list('none'))).toBe('ENOENT');
    expect(code(() => disk.rename('d/f', 'd/f'))).toBe('ok');
  });

  it('behaves as a model of names: synced names stay, others are as after some prefix of the changes', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd/a', 'd/b');
    const step = fc.oneof(
      fc.record({ do: fc.constant('create' as const), name }),
      fc.record({ do: fc.constant('remove' as const), name }),
      fc.record({ do: fc.constant('rename' as const), name, to: name }),
      fc.record({ do: fc.constant('sync' as const), directory: fc.constantFrom('', 'd') }),
      fc.record({ do: fc.constant('power loss' as const) }),
    );
    type Names = ReadonlyMap<string, number>;
    const directoryOf = (path: string): string => (path.includes('/') ? 'd' : '');
    const show = (names: Names): string => JSON.stringify([...names].sort());
    let undone = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, seed) => {
        const disk = new Disk(randomStream(seed, 'disk', 'n1'));
        disk.makeDirectory('d');
        disk.syncDirectory('');
        let nextId = 1;
        /** States that a power loss may leave, oldest first; the last is what is seen now. */
        let states: { names: Names; touched: readonly string[] }[] = [{ names: new Map(), touched: [] }];
        const see = (): Names => {
          const seen = new Map<string, number>();
          for (const path of [...disk.list(''), ...disk.list('d').map((entry) => `d/${entry}`)]) {
            if (path !== 'd') seen.set(path, disk.open(path, false).read(0, 1)[0]!);
          }
          return seen;
        };
        for (const what of [...steps, { do: 'power loss' as const }]) {
          const names = new Map(states.at(-1)!.names);
          const changed = (...paths: string[]): void => {
            states.push({ names, touched: paths.map(directoryOf) });
          };
          if (what.do === 'create' && !names.has(what.name)) {
            const content = disk.open(what.name, true);
            content.write(0, Uint8Array.of(nextId));
            content.sync();
            names.set(what.name, nextId++ % 256);
            changed(what.name);
          } else if (what.do === 'remove' && names.has(what.name)) {
            disk.remove(what.name);
            names.delete(what.name);
            changed(what.name);
          } else if (what.do === 'rename' && names.has(what.name) && what.name !== what.to) {
            disk.rename(what.name, what.to);
            names.set(what.to, names.get(what.name)!);
            names.delete(what.name);
            changed(what.name, what.to);
          } else if (what.do === 'sync') {
            disk.syncDirectory(what.directory);
            const last = states.findLastIndex((state) => state.touched.includes(what.directory));
            states = states.slice(Math.max(0, last));
          } else if (what.do === 'power loss') {
            const { directoryOperationsLost } = disk.losePower();
            const expected = states[states.length - 1 - directoryOperationsLost];
            expect(expected).toBeDefined();
            expect(show(see())).toBe(show(expected!.names));
            if (directoryOperationsLost > 0) undone++;
            states = [{ names: expected!.names, touched: [] }];
          }
          expect(show(see())).toBe(show(states.at(-1)!.names));
        }
      }),
      { numRuns: 300 },
    );
    expect(undone).toBeGreaterThan(50);
  });
});
