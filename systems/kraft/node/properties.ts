/**
 * `server.properties`: read, checked key by key and then across keys.
 *
 *     const { values, warnings } = readServerProperties(text, 'server.properties');
 *     values['num.partitions']  // 1
 *     warnings                  // ['server.properties line 7: unknown key log.dri: did you mean log.dir?']
 *
 * A wrong value refuses, with key, value and line; all that is wrong is said at once. An unknown key only warns, since every version
 * of Kafka has some that the others have not; so does one that is known and has no effect here.
 */
import { closest, distance } from 'fastest-levenshtein';
import { HarnessError } from '../../../harness/errors.ts';
import { checkAcross } from './property-checks.ts';
import { parseJavaProperties } from './java-properties.ts';
import type { PropertyKey, PropertyValues } from './property-table.ts';
import { PROPERTY_TABLE, WITHOUT_EFFECT } from './property-table.ts';

export interface ServerProperties {
  readonly values: PropertyValues;
  readonly warnings: readonly string[];
}

const KEYS = Object.keys(PROPERTY_TABLE) as PropertyKey[];
const isKnown = (key: string): key is PropertyKey => Object.hasOwn(PROPERTY_TABLE, key);
/** As many letters may be wrong for a key to be taken for a slip of another. */
const SLIP_MAX = 3;

/**
 * @param placeOf - where a line comes from, if not from the file
 * @throws HarnessError `bad-format`, with one line for each thing that is wrong
 */
export function readServerProperties(
  text: string,
  file: string,
  placeOf = (line: number): string => `${file} line ${line}`,
): ServerProperties {
  const warnings: string[] = [];
  const problems: string[] = [];
  const places = new Map<string, string>();
  const values: Record<string, unknown> = Object.fromEntries(
    KEYS.map((key) => [key, PROPERTY_TABLE[key].default]),
  );
  for (const { key, value, line } of parseJavaProperties(text, placeOf)) {
    const where = placeOf(line);
    if (!isKnown(key)) {
      warnings.push(`${where}: unknown key ${key}${suggestion(key)}`);
      continue;
    }
    const before = places.get(key);
    if (before !== undefined) warnings.push(`${where}: ${key} is set again: ${before} does not count`);
    places.set(key, where);
    if (WITHOUT_EFFECT.has(key)) warnings.push(`${where}: ${key} has no effect here`);
    const read = PROPERTY_TABLE[key].read(value.trim());
    if ('wrong' in read) problems.push(`${where}: ${key}=${value}: ${read.wrong}`);
    else values[key] = read.value;
  }
  for (const key of KEYS) {
    const type = PROPERTY_TABLE[key];
    if ('isRequired' in type && !places.has(key))
      problems.push(`${file}: ${key} is not set, and has no default`);
  }
  if (problems.length === 0) {
    const found = checkAcross(values as PropertyValues, places, file);
    problems.push(...found.problems);
    warnings.push(...found.warnings);
  }
  if (problems.length > 0) throw new HarnessError('bad-format', problems.join('\n'));
  return { values: values as PropertyValues, warnings };
}

function suggestion(key: string): string {
  const near = closest(key, KEYS);
  return distance(key, near) <= SLIP_MAX ? `: did you mean ${near}?` : '';
}

/** How long records are kept, in milliseconds; −1: for ever. The finest unit that is set counts. */
export function retentionMs(values: PropertyValues): number {
  const ms = values['log.retention.ms'];
  if (ms !== null) return ms;
  const minutes = values['log.retention.minutes'];
  const perUnit = minutes === null ? 3_600_000 : 60_000;
  const count = minutes ?? values['log.retention.hours'];
  return count < 0 ? -1 : count * perUnit;
}

/** The directories of the logs; the first is the metadata log's unless it has its own. */
export function logDirs(values: PropertyValues): readonly string[] {
  const dirs = values['log.dirs'];
  return dirs.length > 0 ? dirs : [values['log.dir']];
}
