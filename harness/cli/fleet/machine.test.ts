import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Machine } from './machine.ts';

it('lets as many share as there is room for, and one own it alone', async () => {
  const machine = new Machine(2);
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const begin = (name: string, how: 'share' | 'own'): Promise<unknown> =>
    machine[how](() => {
      log.push(`${name} begins`);
      return new Promise<void>((resolve) =>
        ends.set(name, () => {
          log.push(`${name} ends`);
          resolve();
        }),
      );
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    for (let i = 0; i < 5; i++) await turn();
  };
  const all = [begin('a', 'share'), begin('b', 'share'), begin('c', 'share')];
  await end('a');
  expect(log.splice(0)).toEqual(['a begins', 'b begins', 'a ends', 'c begins']);
  all.push(begin('alone', 'own'), begin('d', 'share'), begin('alone too', 'own'));
  await end('b');
  expect(log.splice(0)).toEqual(['b ends']);
  await end('c');
  expect(log.splice(0)).toEqual(['c ends', 'alone begins']);
  await end('alone');
  for (const name of ['d', 'alone too']) await end(name);
  await end('d');
  await Promise.all(all);
  expect(log.slice(0, 1)).toEqual(['alone ends']);
  expect(log.slice(1).filter((line) => line.endsWith('begins'))).toHaveLength(2);
  // Whoever came first: they were never there together.
  expect(log[2]).toBe(log[1]?.replace('begins', 'ends'));
});

it('is free again after what failed', async () => {
  const machine = new Machine(1);
  const fails = (): Promise<never> => Promise.reject(new Error('no'));
  await expect(machine.share(fails)).rejects.toThrow('no');
  await expect(machine.own(fails)).rejects.toThrow('no');
  expect(await machine.share(() => Promise.resolve(1))).toBe(1);
  expect(await machine.own(() => Promise.resolve(2))).toBe(2);
});
