import { expect, test } from 'vitest';
import { explanationLines } from './printable.ts';

test('an explanation that counts operations has a line for each', () => {
  expect(
    explanationLines(
      'Read of x returned 1. These 2 show it: (1) write of "a; (b)"; (2) read of x. Nothing fits. (2) ends.',
    ),
  ).toEqual([
    'Read of x returned 1. These 2 show it:',
    '  (1) write of "a; (b)";',
    '  (2) read of x.',
    '  Nothing fits.',
    '  (2) ends.',
  ]);
  expect(explanationLines('Read of \u001b[2J. It was (1) stale.')).toEqual([
    'Read of \\u001b[2J. It was (1) stale.',
  ]);
});
