import { describe, expect, test } from 'vitest';
import { HarnessError } from '../../../harness/errors.ts';
import type { Json } from '../../../harness/history/operation.ts';
import { CLIENT_OPTIONS, parseClientOptions } from './client-options.ts';

describe('the options of a client', () => {
  test('have defaults; what is not theirs is passed over', () => {
    const options = parseClientOptions({ 'broker.session.timeout.ms': 9 }, 3);
    expect(options).toMatchObject({ client: 'plain', acks: -1, idempotence: true, replicationFactor: 3 });
    for (const { name, default: value } of CLIENT_OPTIONS) expect(options).toHaveProperty(name, value);
  });

  test('ask for no more replicas than there are nodes', () => {
    expect(parseClientOptions({}, 1)).toMatchObject({ replicationFactor: 1, minInsyncReplicas: 1 });
  });

  test('numbers of batches need the word of all replicas', () => {
    expect(parseClientOptions({ acks: 1 }, 3).idempotence).toBe(false);
    expect(parseClientOptions({ idempotence: false, transactions: true }, 3).idempotence).toBe(true);
    expect(() => parseClientOptions({ acks: 1, idempotence: true }, 3)).toThrow(HarnessError);
    expect(() => parseClientOptions({ acks: 0, transactions: true }, 3)).toThrow(/acks=-1/);
  });

  test.each([
    ['client', 'java'],
    ['acks', 2],
    ['isolation', 1],
    ['compression', 'brotli'],
    ['timeoutMs', -1],
    ['timeoutMs', 'long'],
    ['group', 7],
    ['transactions', 'yes'],
  ] as [string, Json][])('%s=%j is refused', (name, value) => {
    expect(() => parseClientOptions({ [name]: value }, 3)).toThrow(new RegExp(`option ${name} is`));
  });
});
