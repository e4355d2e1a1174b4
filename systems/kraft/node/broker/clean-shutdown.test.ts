/** The file of a clean shutdown, on a disk whose power fails anywhere. */
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../../../harness/random.ts';
import { Disk } from '../../../runtime/disk-model/disk.ts';
import { MemoryFiles } from '../../log/testing/memory-files.ts';
import { CleanShutdownFile } from './clean-shutdown.ts';

const PATH = '.kafka_cleanshutdown';
const newDisk = (seed = 1): Disk => new Disk(randomStream(seed, 'disk'));

describe('the file of a clean shutdown', () => {
  test('gives back the epoch once', async () => {
    const files = new MemoryFiles(newDisk());
    const file = new CleanShutdownFile(files, '');
    expect(await file.take()).toBe(-1);
    await file.leave(42);
    expect(new TextDecoder().decode(await files.readAll(PATH))).toBe('{"version":0,"brokerEpoch":42}');
    expect(await file.take()).toBe(42);
    expect(await file.take()).toBe(-1);
    expect(await files.exists(PATH)).toBe(false);
  });

  test.each([
    ['no JSON', '{'],
    ['another version', '{"version":1,"brokerEpoch":42}'],
    ['no epoch', '{"version":0}'],
    ['an epoch that is none', '{"version":0,"brokerEpoch":-7}'],
    ['a fraction', '{"version":0,"brokerEpoch":1.5}'],
    ['a text', '{"version":0,"brokerEpoch":"42"}'],
    ['null', 'null'],
  ])('of %s proves nothing, and goes', async (_name, text) => {
    const files = new MemoryFiles(newDisk());
    const open = await files.open(PATH, { create: true });
    await open.append(new TextEncoder().encode(text));
    await open.close();
    expect(await new CleanShutdownFile(files, '').take()).toBe(-1);
    expect(await files.exists(PATH)).toBe(false);
  });

  test('does not come back when the power fails after it was taken', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const disk = newDisk(seed);
      const before = new CleanShutdownFile(new MemoryFiles(disk), '');
      await before.leave(42);
      const files = new MemoryFiles(disk);
      expect(await new CleanShutdownFile(files, '').take()).toBe(42);
      files.losePower();
      expect(await new CleanShutdownFile(new MemoryFiles(disk), '').take()).toBe(-1);
    }
  });

  test('is whole or not there, wherever the power fails as it is left', async () => {
    const seen = new Set<number>();
    for (let operations = 1; operations <= 12; operations++) {
      for (let seed = 1; seed <= 5; seed++) {
        const disk = newDisk(seed);
        const files = new MemoryFiles(disk, { operationsUntilPowerLoss: operations });
        const left = new CleanShutdownFile(files, '').leave(42).then(() => 'left' as const);
        const end = await Promise.race([left, files.powerLost]);
        const epoch = await new CleanShutdownFile(new MemoryFiles(disk), '').take();
        if (end === 'left') expect(epoch).toBe(42);
        seen.add(epoch);
      }
    }
    expect([...seen].sort()).toEqual([-1, 42]);
  });
});
