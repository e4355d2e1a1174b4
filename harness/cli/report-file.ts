/** Writes reports to where the user said. */
import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { HarnessError } from '../errors.ts';

/** @throws HarnessError `io`: better before a long check than after it */
export function assertWritable(file: string): void {
  attempt(file, () => accessSync(dirname(file), constants.W_OK));
}

/** @throws HarnessError `io` */
export function writeReport(file: string, content: string | Uint8Array): void {
  attempt(file, () => writeFileSync(file, content));
}

function attempt(file: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw HarnessError.from(error, 'io', `cannot write ${file}`);
  }
}
