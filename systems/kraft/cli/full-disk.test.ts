/** A disk that fills up under a running server: it ends, says which file, and has all that it acknowledged. */
import { existsSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { mountSmallDisk, smallDisks } from '../../../test/small-disk.ts';
import { CommandFolder } from './testing/command.ts';

const DATA = 'kraft-single';
const LINES_PER_COMMAND = 3000;
const COMMANDS_MAX = 10;

const folder = new CommandFolder();
afterAll(() => folder.remove());

const linesOf = (command: number): string[] =>
  Array.from({ length: LINES_PER_COMMAND }, (_, i) => `${command}-${i} ${'-'.repeat(1000)}`);

test.skipIf(smallDisks.skip)(
  `what fills the disk ends the server, and nothing that was acknowledged is lost${smallDisks.note}`,
  { timeout: 120_000 },
  async () => {
    const disk = mountSmallDisk(folder.file(DATA), '12m');
    try {
      const at = await folder.startSingle();
      await folder.kraft(['topics', '--create', '--topic', 'orders', ...at]);
      const produce = [
        'console-producer',
        '--topic',
        'orders',
        '--producer-property',
        'delivery.timeout.ms=5000',
        ...at,
      ];
      const acknowledged: string[] = [];
      for (let command = 0; command < COMMANDS_MAX; command++) {
        const lines = linesOf(command);
        const { status } = await folder.kraft(produce, { input: lines.map((line) => `${line}\n`).join('') });
        if (status !== 0) break;
        acknowledged.push(...lines);
      }
      expect(acknowledged.length).toBeGreaterThanOrEqual(LINES_PER_COMMAND);
      expect(acknowledged.length).toBeLessThan(COMMANDS_MAX * LINES_PER_COMMAND);
      expect(folder.read('logs/kraft-1.log')).toMatch(/ERROR .*orders-0\/0{20}\.log: ENOSPC: no space left/);
      expect(existsSync(folder.file(`${DATA}/.lock`))).toBe(false);

      disk.resize('60m');
      await folder.kraft(['server-start', '-daemon', 'single.properties']);
      const read = await folder.kraft([
        'console-consumer',
        '--topic',
        'orders',
        '--from-beginning',
        '--timeout-ms',
        '3000',
        ...at,
      ]);
      const there = new Set(read.stdout.split('\n'));
      expect(acknowledged.filter((line) => !there.has(line))).toEqual([]);
      await folder.kraft(['server-stop']);
    } finally {
      disk.unmount();
    }
  },
);
