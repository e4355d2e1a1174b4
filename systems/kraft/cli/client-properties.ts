/**
 * Settings of a client, from where Kafka's tools take them: a file, and `key=value` options, which count more.
 *
 *     const { values, idle } = clientProperties({
 *       fileOption: '--producer.config', file: 'p.properties', option: '--producer-property', pairs: ['acks=1'],
 *       keys: ['acks'], unneeded: ['linger.ms'],
 *     });
 *     values.get('acks')   // '1'
 *     idle                 // ['linger.ms'], where the file has it
 *
 * A slip in an option is refused, or it would go unnoticed. A file may be one that other clients share: what it has for them is only told.
 */
import { parseJavaProperties } from '../node/java-properties.ts';
import { readTextFile } from './configuration.ts';
import { usageError } from './exit-codes.ts';
import { keyValues } from './numbers.ts';
import type { Output } from './output.ts';

export interface ClientPropertiesOptions {
  readonly fileOption: string;
  readonly file: string | undefined;
  readonly option: string;
  readonly pairs: readonly string[];
  /** What is used here. */
  readonly keys: readonly string[];
  /** What Kafka's clients have, too, and nobody needs here. */
  readonly unneeded?: readonly string[];
}

export interface ClientProperties {
  readonly values: ReadonlyMap<string, string>;
  /** Given, and of no use. */
  readonly idle: readonly string[];
}

/** Said by the command line, whatever else says so; or by what the options mean. */
const SAID_ELSEWHERE = ['bootstrap.servers'];
const PROTOCOL = 'security.protocol';
const SPOKEN = 'PLAINTEXT';

/** @throws HarnessError `usage` */
export function clientProperties(options: ClientPropertiesOptions): ClientProperties {
  const { fileOption, file, option, pairs, keys, unneeded = [] } = options;
  const given = keyValues(pairs, option);
  for (const key of given.keys())
    if (![...keys, ...unneeded, ...SAID_ELSEWHERE, PROTOCOL].includes(key))
      throw usageError(`${option} has no ${key}; there are ${[...keys, ...unneeded].join(', ')}`);
  const inFile = file === undefined ? new Map<string, string>() : propertiesIn(file, fileOption);
  checkProtocol(given.get(PROTOCOL), option);
  const values = new Map([...inFile, ...given]);
  const idle = [...values.keys()].filter(
    (key) => !keys.includes(key) && !SAID_ELSEWHERE.includes(key) && key !== PROTOCOL,
  );
  return { values, idle };
}

/** Of a client's file, whose connections must be those that are spoken here. @throws HarnessError `usage` */
export function propertiesIn(file: string, option: string): Map<string, string> {
  const entries = parseJavaProperties(readTextFile(file), (line) => `${file} line ${line}`);
  const properties = new Map(entries.map(({ key, value }) => [key, value.trim()]));
  checkProtocol(properties.get(PROTOCOL), `${option} ${file}`);
  return properties;
}

function checkProtocol(protocol: string | undefined, where: string): void {
  if (protocol !== undefined && protocol.toUpperCase() !== SPOKEN)
    throw usageError(`${where}: ${PROTOCOL} is ${SPOKEN} here, not "${protocol}"`);
}

/** One line for all that was given and changes nothing. */
export function tellIdle(output: Output, idle: readonly string[]): void {
  if (idle.length > 0)
    output.note(`kraft: ${idle.join(', ')} ${idle.length > 1 ? 'change' : 'changes'} nothing here`);
}
