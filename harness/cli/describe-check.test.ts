import { expect, it } from 'vitest';
import { History } from '../history/history.ts';
import { describeCheck } from './describe-check.ts';

it('prints the notes of a verdict', () => {
  const text = describeCheck({
    path: 'history.json',
    history: new History([]),
    judge: 'list-append',
    verdicts: [
      {
        checker: 'list-append',
        valid: true,
        anomalies: [],
        notes: ['Nothing was found that refutes serializable.'],
      },
    ],
    checkMs: 1,
  });
  expect(text).toBe(
    'VALID  history.json  (0 records, list-append, 1 ms)\n  note: Nothing was found that refutes serializable.',
  );
});
