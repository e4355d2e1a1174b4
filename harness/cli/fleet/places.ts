/**
 * Where a collected run goes. Workers on two machines may have given two runs one name, so who collects chooses the place.
 *
 *     ownPlace(folder, 'runs/raft-register/20261128T030911Z-8', 'shaketable run raft register --seed 8')   // …-8, or …-8-2
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `runs/NAME/NAME`: anything else that Redis says is not written to. */
export function isPlaceOfRun(directory: string): boolean {
  const [runs, ...names] = directory.split('/');
  return runs === 'runs' && names.length === 2 && names.every((name) => !/^\.{0,2}$|[\\\0]/.test(name));
}

/**
 * The directory, from the sweep's folder, with a suffix `-2`, `-3`, … where another run is there.
 *
 * @param commandLine - that of the run, as its test.json has it
 */
export function ownPlace(folder: string, directory: string, commandLine: string): string {
  for (let attempt = 1; ; attempt++) {
    const place = attempt === 1 ? directory : `${directory}-${attempt}`;
    const path = join(folder, place);
    if (!existsSync(path) || commandLineOf(path) === commandLine) return place;
  }
}

/** Null where no run is there, or one that is torn. */
function commandLineOf(path: string): unknown {
  try {
    const test = JSON.parse(readFileSync(join(path, 'test.json'), 'utf8')) as {
      readonly commandLine?: unknown;
    };
    return test.commandLine;
  } catch {
    return null;
  }
}
