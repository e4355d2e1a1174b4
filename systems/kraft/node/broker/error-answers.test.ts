/** Errors in the form of each response that a broker hands on: they can be said in every version, and are seen. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { servedApi } from '../../wire/api-keys.ts';
import type { ApiName, RequestBody } from '../../wire/apis.ts';
import { APIS } from '../../wire/apis.ts';
import { Reader, Writer } from '../../wire/bytes.ts';
import { ERROR } from '../../wire/error-codes.ts';
import type { Api } from '../../wire/schema.ts';
import { bodyOf } from '../../wire/testing/arbitrary.ts';
import { errorAnswer, FORWARDED_NAMES } from './error-answers.ts';

const facts = { errorCode: ERROR.REQUEST_TIMED_OUT, errorMessage: 'nobody knows' };

/** Every `errorCode` within. */
function codesIn(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => (key === 'errorCode' ? [each] : codesIn(each)));
}

const versionsOf = (name: ApiName): number[] => {
  const accepted = servedApi('broker', APIS[name].key)?.accepted ?? { min: 0, max: -1 };
  return Array.from({ length: accepted.max - accepted.min + 1 }, (_, i) => accepted.min + i);
};

describe.each(FORWARDED_NAMES)('%s', (name) => {
  test.each(versionsOf(name))('in version %i', (version) => {
    const api = APIS[name] as unknown as Api;
    fc.assert(
      fc.property(bodyOf(api.request, version), (body) => {
        const answer = errorAnswer<ApiName>(name, body, { ...facts, version });
        if (answer === null) {
          expect([name, version, body['topicPartitions']]).toEqual(['electLeaders', 0, null]);
          return;
        }
        const writer = new Writer();
        api.response.encode(writer, version, answer);
        const { errorCode, ...items } = api.response.decode(new Reader(writer.take()), version);
        // Version 0 of ElectLeaders has no error of the whole, and is read as if it had none.
        const hasOwn = errorCode !== undefined && !(name === 'electLeaders' && version === 0);
        const codes = [...(hasOwn ? [errorCode] : []), ...codesIn(items)];
        expect(new Set(codes).size).toBeLessThanOrEqual(1);
        // Who names nothing is told nothing, where errors are only of what was named.
        const named = Object.values(body).find((value) => Array.isArray(value)) as object[] | undefined;
        const isNamed =
          name === 'electLeaders' ? codesIn(answer).length > 1 : named === undefined || named.length > 0;
        if (hasOwn || isNamed) expect(codes).toContain(ERROR.REQUEST_TIMED_OUT);
      }),
      { numRuns: 50 },
    );
  });
});

test('other requests have no such answer', () => {
  expect(errorAnswer('metadata', {} as RequestBody<'metadata'>, { ...facts, version: 8 })).toBeNull();
});
