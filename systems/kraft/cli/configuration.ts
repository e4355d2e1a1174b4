/**
 * `server.properties` as the command reads it: a file, what `--override` puts in its place, and the directory of the data.
 *
 *     const values = readConfiguration('server.properties', ['node.id=2'], (warning) => output.note(warning));
 *     dataDirectory(values, 'server.properties') // '/var/kraft'
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { HarnessError } from '../../../harness/errors.ts';
import { logDirs, readServerProperties } from '../node/properties.ts';
import type { PropertyValues } from '../node/property-table.ts';
import { usageError } from './exit-codes.ts';

const FILE_BYTES_MAX = 1024 * 1024;

/** Of a text file of the user's. @throws HarnessError `usage` when it cannot be read */
export function readTextFile(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > FILE_BYTES_MAX) throw usageError(`${file} has more than ${FILE_BYTES_MAX} bytes`);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof HarnessError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : message;
    throw usageError(`${file}: ${why}`);
  }
}

/**
 * @param overrides - `key=value` each; they count instead of what the file says
 * @throws HarnessError with all that is wrong, a line for each
 */
export function readConfiguration(
  file: string,
  overrides: readonly string[],
  onWarning: (warning: string) => void,
): PropertyValues {
  const text = readTextFile(file);
  for (const override of overrides) {
    if (!/^[^=\s]+=/.test(override)) throw usageError(`--override takes key=value; "${override}" is none`);
  }
  // Behind the file a line each, so that the last one counts.
  const inFile = text.replace(/\r\n|\r/g, '\n').replace(/\n?$/, '\n');
  const lineCount = inFile.split('\n').length - 1;
  const whole = inFile + overrides.map((override) => `${override.replaceAll('\\', '\\\\')}\n`).join('');
  const { values, warnings } = readServerProperties(whole, file, (line) =>
    line > lineCount ? '--override' : `${file} line ${line}`,
  );
  // To put something in another's place is what an override is for.
  const isOverriding = /^--override: \S+ is set again/;
  for (const warning of warnings) if (!isOverriding.test(warning)) onWarning(warning);
  return values;
}

/** All directories that the file names, absolute, in the order of their names. */
export function allDirectories(values: PropertyValues): readonly string[] {
  const metadata = values['metadata.log.dir'];
  const named = [...logDirs(values), ...(metadata === null ? [] : [metadata])];
  return [...new Set(named.map((directory) => resolve(directory)))].sort();
}

/** Where the metadata log lies. */
export function metadataDirectory(values: PropertyValues): string {
  return resolve(values['metadata.log.dir'] ?? (logDirs(values)[0] as string));
}

/** @throws HarnessError `usage` for several: a node has one */
export function dataDirectory(values: PropertyValues, file: string): string {
  const directories = allDirectories(values);
  if (directories.length > 1) {
    throw usageError(
      `${file}: log.dirs and metadata.log.dir name ${directories.join(' and ')}: a node of ours keeps all in one directory`,
    );
  }
  return directories[0] as string;
}
