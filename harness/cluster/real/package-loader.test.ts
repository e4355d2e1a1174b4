import type * as kafkajs from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { HarnessError } from '../../errors.ts';
import { loadPackage } from './package-loader.ts';

const GLOBALS = { setTimeout, setInterval, process: { env: {} }, Date, Math };
const MODULES = { net: {}, tls: {}, crypto: {}, zlib: { gzip: () => undefined, unzip: () => undefined } };

describe('a package that is loaded anew', () => {
  test('sees the globals that it was given, in all of its modules', () => {
    class StoppedDate extends Date {
      constructor() {
        super(0);
      }
    }
    const globals = { ...GLOBALS, Date: StoppedDate };
    const { Kafka } = loadPackage('kafkajs', { globals, modules: MODULES }) as typeof kafkajs;
    const times: string[] = [];
    const logCreator = () => (entry: kafkajs.LogEntry) => void times.push(entry.log.timestamp);
    new Kafka({ brokers: ['n1:9092'], logCreator }).logger().info('what time is it?');
    expect(times).toEqual(['1970-01-01T00:00:00.000Z']);
  });

  test('is another package each time', () => {
    const load = () => loadPackage('kafkajs', { globals: GLOBALS, modules: MODULES }) as { Kafka: unknown };
    expect(load().Kafka).not.toBe(load().Kafka);
  });

  test('may require nothing of Node.js that it was not given', () => {
    expect(() => loadPackage('kafkajs', { globals: GLOBALS, modules: {} })).toThrow(
      /kafkajs requires \w+, which it was not given/,
    );
  });

  test('has to be installed', () => {
    expect(() => loadPackage('no-such-package', { globals: {}, modules: {} })).toThrow(HarnessError);
  });
});
