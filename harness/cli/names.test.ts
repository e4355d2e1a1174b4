import { describe, expect, it } from 'vitest';
import { lookUp } from './names.ts';
import { parseNumber, type NumberBounds } from './numbers.ts';
import { replayCommand } from './replay-command.ts';

describe('names', () => {
  const fruits = new Map([
    ['apple', 1],
    ['pear', 2],
  ]);

  it('are looked up, or the nearest one is suggested', () => {
    expect(lookUp('fruit', fruits, 'pear')).toBe(2);
    expect(() => lookUp('fruit', fruits, 'aple')).toThrow('unknown fruit "aple": did you mean "apple"?');
    expect(() => lookUp('fruit', fruits, 'zucchini')).toThrow(
      'unknown fruit "zucchini": known are apple, pear',
    );
    expect(() => lookUp('fruit', new Map(), 'pear')).toThrow('unknown fruit "pear": there is none');
    expect(() => lookUp('fruit', fruits, 'constructor')).toThrow('known are apple, pear');
  });
});

describe('numbers', () => {
  it.each<[string, NumberBounds, number]>([
    ['7', { integer: true }, 7],
    ['0', { integer: true }, 0],
    ['1e3', { integer: true }, 1000],
    ['9007199254740991', { integer: true }, Number.MAX_SAFE_INTEGER],
    ['0.25', {}, 0.25],
    ['.5', { above: 0 }, 0.5],
    ['-3', { min: -Infinity }, -3],
    [' 4 ', {}, 4],
  ])('%j is one', (text, bounds, value) => {
    expect(parseNumber('--x', text, bounds)).toBe(value);
  });

  it.each<[string, NumberBounds, string]>([
    ['', {}, '--x "": wants a number of at least 0'],
    ['0x10', {}, '--x 0x10: wants a number of at least 0'],
    ['Infinity', {}, '--x Infinity: wants a number of at least 0'],
    ['1e999', {}, '--x 1e999: wants a number of at least 0'],
    ['seven', { min: -Infinity }, '--x seven: wants a number'],
    ['1.5', { integer: true, min: 1, max: 9 }, '--x 1.5: wants a whole number of at least 1 and at most 9'],
    ['10', { max: 9 }, '--x 10: wants a number of at least 0 and at most 9'],
    ['0', { above: 0 }, '--x 0: wants a number of more than 0'],
    [
      '9007199254740992',
      { integer: true },
      '--x 9007199254740992: wants a whole number of at least 0 and at most 9007199254740991',
    ],
  ])('%j is none', (text, bounds, message) => {
    expect(() => parseNumber('--x', text, bounds)).toThrow(message);
  });
});

describe('the command that replays a run', () => {
  it('can be copied into a shell, whatever the folder is called', () => {
    expect(replayCommand('results/runs/raft-register/20261121T205103Z-7')).toBe(
      'npx shaketable replay results/runs/raft-register/20261121T205103Z-7',
    );
    expect(replayCommand("my runs/it's")).toBe(`npx shaketable replay 'my runs/it'\\''s'`);
  });
});
